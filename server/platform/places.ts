export type Places = {
  /**
   * Waits for a place. Resolves with a Disposable that gives it back, or with undefined when `signal` ends the wait.
   */
  enter(key: string, signal?: AbortSignal): Promise<Disposable | undefined>
  /** True when no place is taken and no caller waits. */
  isEmpty(): boolean
}

/**
 * A semaphore with `places` places, which go to the keys in turn (round robin): many callers of one key hold up another
 * key for one turn at most. `share`: the most places of one key; with fewer than all, another key always finds one.
 */
export function openPlaces({ places, share = places }: { places: number; share?: number }): Places {
  let free = places
  const taken = new Map<string, number>()
  /** The callers that wait, by key; the keys in the order of their turns. */
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
      // The key goes to the end of the line, behind all others.
      line.delete(key)
      if (waiting.size > 0) line.set(key, waiting)
      taken.set(key, has + 1)
      free--
      start!()
    }
  }
}
