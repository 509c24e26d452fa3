export type Places = {
  /** Waits for a place. Resolves with what gives it back, or with undefined when `signal` ends the wait. */
  enter(key: string, signal?: AbortSignal): Promise<Disposable | undefined>
  /** Nobody has a place, nobody waits. */
  isEmpty(): boolean
}

/**
 * Gives out a few places, key by key in turn, so that a crowd of one key holds up no other key for longer than one of its turns.
 * `share`: what one key may have of them; with less than all there is always room for another.
 */
export function openPlaces({ places, share = places }: { places: number; share?: number }): Places {
  let free = places
  const taken = new Map<string, number>()
  /** Who waits, by key; the keys in the order in which their turn comes. */
  const line = new Map<string, Set<() => void>>()

  return {
    async enter(key, signal) {
      if (signal?.aborted || !(await turnOf(key, signal))) return undefined
      return { [Symbol.dispose]: () => leave(key) }
    },
    isEmpty: () => free === places && line.size === 0,
  }

  function turnOf(key: string, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const waiting = line.get(key) ?? new Set()
      const start = () => (signal?.removeEventListener('abort', giveUp), resolve(true))
      const giveUp = () => {
        waiting.delete(start)
        if (waiting.size === 0) line.delete(key)
        resolve(false)
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      line.set(key, waiting.add(start))
      seat()
    })
  }

  function leave(key: string): void {
    free++
    const left = taken.get(key)! - 1
    if (left === 0) taken.delete(key)
    else taken.set(key, left)
    seat()
  }

  function seat(): void {
    for (const [key, waiting] of line) {
      if (free === 0) return
      const has = taken.get(key) ?? 0
      if (has >= share) continue
      const [start] = waiting
      waiting.delete(start!)
      // The next of this key stands behind all other keys.
      line.delete(key)
      if (waiting.size > 0) line.set(key, waiting)
      taken.set(key, has + 1)
      free--
      start!()
    }
  }
}
