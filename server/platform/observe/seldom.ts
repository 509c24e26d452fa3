/** The most kinds of errors that are remembered at a time. */
const mostKinds = 100

/**
 * A throttle for error reports: passes the first error of a kind on at once, then at most one in `everyMs`, with the
 * number held back since the last. Errors with the same text are of one kind.
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
