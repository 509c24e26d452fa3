/** Different troubles that are remembered at a time at most. */
const mostKinds = 100

/**
 * Lets the first trouble of a kind through at once, then one in `everyMs` at most, with how many were held back since the last:
 * one that goes on for an hour is no news every second. Of one kind are those whose errors read the same.
 */
export function seldom(
  say: (reason: string, heldBack: number) => void,
  everyMs = 60_000,
  now: () => number = () => performance.now(),
): (error: unknown) => void {
  const kinds = new Map<string, { saidAt: number; heldBack: number }>()
  return (error) => {
    const reason = String(error)
    const kind = kinds.get(reason)
    if (kind && now() - kind.saidAt < everyMs) return void kind.heldBack++
    if (kinds.size >= mostKinds) kinds.clear()
    kinds.set(reason, { saidAt: now(), heldBack: 0 })
    say(reason, kind?.heldBack ?? 0)
  }
}
