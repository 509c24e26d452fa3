/**
 * Batches items of many callers: one `ask` runs at a time, and items given meanwhile go into the next one, up to
 * `atMost`. An item given while none runs is asked for at once; under load one statement serves many callers.
 */
export function gathering<Item, Answer>(
  ask: (items: Item[]) => Promise<Answer>,
  atMost: number,
): (item: Item) => Promise<Answer> {
  type Asked = { item: Item; resolve(answer: Answer): void; reject(error: unknown): void }
  const waiting: Asked[] = []
  let isRunning = false
  const run = async () => {
    isRunning = true
    while (waiting.length > 0) {
      const round = waiting.splice(0, atMost)
      try {
        const answer = await ask(round.map(({ item }) => item))
        for (const { resolve } of round) resolve(answer)
      } catch (error) {
        for (const { reject } of round) reject(error)
      }
    }
    isRunning = false
  }
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      // A microtask later, so that items given in the same moment are in the batch.
      if (!isRunning) {
        isRunning = true
        queueMicrotask(() => void run())
      }
    })
}
