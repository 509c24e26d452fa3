/** A caller waited too long for its turn. */
export class TurnsFull extends Error {
  override name = 'TurnsFull'
}

export type Turns = {
  /**
   * Runs `work` when fewer than `atOnce` of the same key run, in the order of the calls. Throws TurnsFull after
   * `waitMs`.
   */
  take<Result>(key: string, work: () => Promise<Result>): Promise<Result>
}

type Queue = { running: number; waiting: Set<() => void> }

/**
 * A semaphore for each key. Callers wait here, where they hold nothing, instead of in the database, where they would
 * use up the connections of all others. Callers of one key do not hold up those of another.
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
        // The turn goes directly to the caller that waits longest, so that a new caller cannot take it.
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
