/**
 * Lets those who ask while the last question is under way ask the next one together. Whoever comes when nothing is under way is
 * served at once, so a single question waits for nobody; under load one statement does for many.
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
      // Those who ask in this same moment come along.
      if (!isRunning) {
        isRunning = true
        queueMicrotask(() => void run())
      }
    })
}
