import type { VersionOrder } from './versions/order.ts'

/** One event of a range (osv-schema, "affected[].ranges[].events"): from `introduced` on, before `fixed`, ... */
export type RangeEvent = { introduced?: string; fixed?: string; last_affected?: string; limit?: string }
/** Which versions of a package are affected: those of a range, and those that are listed. */
export type Affected = { ranges: RangeEvent[][]; versions: string[] }

type Placed = { kind: keyof RangeEvent; version: string }

/**
 * Whether a version is affected, by OSV's algorithm (osv-schema, "Evaluation"); then also the first version after it
 * that is fixed, '' where nobody has fixed it. No version, no match.
 */
export function matchVersion(
  { ranges, versions }: Affected,
  version: string,
  compare: VersionOrder,
): { fixedVersion: string } | undefined {
  if (version === '') return undefined
  const hit = ranges.find((range) => isInRange(range, version, compare))
  if (!hit && !versions.includes(version)) return undefined
  return { fixedVersion: firstFix(hit ? [hit] : ranges, version, compare) }
}

/** The number that stands for the beginning of all versions. */
const start = '0'

function isInRange(range: RangeEvent[], version: string, compare: VersionOrder): boolean {
  // What is no version of this order has no place in a range.
  if (compare(version, version) === undefined) return false
  const events = placed(range)
  const limits = events.filter(({ kind }) => kind === 'limit')
  const isBefore = (limit: string) => limit === '*' || (compare(version, limit) ?? 0) < 0
  if (limits.length > 0 && !limits.some((one) => isBefore(one.version))) return false
  const sorted = events
    .filter(({ kind }) => kind !== 'limit')
    .toSorted((one, other) => compareEvents(one, other, compare))
  let isHit = false
  for (const { kind, version: at } of sorted) {
    const place = at === start && kind === 'introduced' ? 1 : compare(version, at)!
    if (kind === 'introduced' ? place >= 0 : kind === 'fixed' ? place >= 0 : place > 0) isHit = kind === 'introduced'
  }
  return isHit
}

const placed = (range: RangeEvent[]): Placed[] =>
  range.flatMap((event) =>
    (Object.entries(event) as [keyof RangeEvent, string][]).map(([kind, version]) => ({ kind, version })),
  )

function compareEvents(one: Placed, other: Placed, compare: VersionOrder): number {
  const [isStart, isOtherStart] = [one, other].map(({ kind, version }) => kind === 'introduced' && version === start)
  if (isStart || isOtherStart) return Number(isOtherStart) - Number(isStart)
  return compare(one.version, other.version)!
}

function firstFix(ranges: RangeEvent[][], version: string, compare: VersionOrder): string {
  const later = ranges
    .flat()
    .flatMap(({ fixed }) => (fixed !== undefined && (compare(fixed, version) ?? 0) > 0 ? [fixed] : []))
  return later.toSorted((one, other) => compare(one, other)!).at(0) ?? ''
}

/** Whether all versions of a range have a place in the order; one that has not makes the range of no use. */
export function isOrdered(range: RangeEvent[], compare: VersionOrder): boolean {
  return placed(range).every(
    ({ kind, version }) =>
      (kind === 'introduced' && version === start) ||
      (kind === 'limit' && version === '*') ||
      compare(version, version) !== undefined,
  )
}
