/** Somebody waited for his turn for longer than is sensible. */
export class TurnsFull extends Error {
  override name = 'TurnsFull'
}

export type Turns = {
  /** Runs `work` when fewer than `atOnce` with the same key are running; first come, first served. Throws TurnsFull. */
  take<Result>(key: string, work: () => Promise<Result>): Promise<Result>
}

type Queue = { running: number; waiting: Set<() => void> }

/**
 * Lets a crowd wait here, where it holds nothing, instead of in front of the database, where it would use up the connections
 * and everybody's patience. One key's crowd does not hold up another's.
 */
export function openTurns({ atOnce, waitMs }: { atOnce: number; waitMs: number }): Turns {
  const queues = new Map<string, Queue>()

  return {
    async take(key, work) {
      const queue = queues.get(key) ?? { running: 0, waiting: new Set() }
      queues.set(key, queue)
      if (queue.running < atOnce) queue.running++
      else await turnIn(queue)
      try {
        return await work()
      } finally {
        const next = first(queue.waiting)
        // The place goes straight to who waits longest, so that nobody who comes now slips in between.
        if (next) next()
        else if (--queue.running === 0) queues.delete(key)
      }
    },
  }

  function turnIn({ waiting }: Queue): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = () => {
        clearTimeout(timer)
        waiting.delete(start)
        resolve()
      }
      const timer = setTimeout(() => {
        waiting.delete(start)
        reject(new TurnsFull(`no turn within ${waitMs} ms`))
      }, waitMs)
      waiting.add(start)
    })
  }
}

const first = <Value>(all: Set<Value>): Value | undefined => all.values().next().value
