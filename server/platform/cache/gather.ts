/**
 * Batches reads of many callers: at most `atOnce` loads run, and ids that are asked for meanwhile go into the next one,
 * up to `most` ids. A few callers never wait; many share statements. A load begins after each of its callers asked, so
 * none gets an older answer than by a load of its own.
 */
export function gathered<Id, Value>(
  load: (ids: Id[]) => Promise<Map<Id, Value>>,
  { atOnce, most }: { atOnce: number; most: number },
): (ids: Id[]) => Promise<Map<Id, Value>> {
  type Asked = { ids: Id[]; resolve(found: Map<Id, Value>): void; reject(error: unknown): void }
  const waiting: Asked[] = []
  let running = 0

  return (ids) =>
    new Promise((resolve, reject) => {
      waiting.push({ ids, resolve, reject })
      if (running < atOnce) void run()
    })

  async function run(): Promise<void> {
    running++
    while (waiting.length > 0) {
      const batch = take()
      try {
        const found = await load([...new Set(batch.flatMap(({ ids }) => ids))])
        for (const { ids, resolve } of batch) resolve(batch.length === 1 ? found : partOf(found, ids))
      } catch (error) {
        for (const one of batch) one.reject(error)
      }
    }
    running--
  }

  /** The next batch: whole requests, at least one. */
  function take(): Asked[] {
    let count = 0
    const end = waiting.findIndex(({ ids }, index) => (count += ids.length) > most && index > 0)
    return waiting.splice(0, end < 0 ? waiting.length : end)
  }
}

const partOf = <Id, Value>(found: Map<Id, Value>, ids: Id[]): Map<Id, Value> =>
  new Map(ids.flatMap((id): [Id, Value][] => (found.has(id) ? [[id, found.get(id)!]] : [])))
