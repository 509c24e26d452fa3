/** A tag with when it was pushed. */
type Pushed = { name: string; push_time: string }

const dayMs = 86_400_000

/**
 * The tags that a cleaning takes (S2-25): it keeps those that were pushed less than `days` whole days ago, and of the
 * others the newest `keep`. Newest first; of the same time, by name.
 */
export function chooseOldTags<Tag extends Pushed>(
  tags: Tag[],
  { days, keep }: { days: number; keep: number },
  now: Date,
) {
  const ageOf = ({ push_time: at }: Tag) => Math.floor((now.getTime() - Date.parse(at)) / dayMs)
  const newestFirst = (a: Tag, b: Tag) =>
    Date.parse(b.push_time) - Date.parse(a.push_time) || (a.name < b.name ? -1 : 1)
  return tags
    .filter((tag) => ageOf(tag) >= days)
    .toSorted(newestFirst)
    .slice(keep)
}
