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

type Batches<Item, Answer> = {
  ask(items: Item[]): Promise<Answer[]>
  keyOf?(item: Item): string
  isCommon(error: unknown): boolean
  atMost: number
  apart?(item: Item): string[]
  patienceMs?: number
}

/**
 * As `gathering`, with an answer for each item, in their order, and one batch at a time for each key. When a batch of
 * several fails, each of its items is asked for by itself, so that the error of one caller is not that of another; an
 * error that `isCommon` rejects them all. Items that share a name of `apart` never share a batch. A batch that takes
 * longer than `patienceMs` holds up no other one.
 */
export function batching<Item, Answer>({
  ask,
  keyOf = () => '',
  isCommon,
  atMost,
  apart,
  patienceMs,
}: Batches<Item, Answer>): (item: Item) => Promise<Answer> {
  type Asked = { item: Item; resolve(answer: Answer): void; reject(error: unknown): void }
  const queues = new Map<string, Asked[]>()

  const askAlone = async ({ item, resolve, reject }: Asked) => {
    try {
      resolve((await ask([item]))[0]!)
    } catch (error) {
      reject(error)
    }
  }
  const askTogether = async (round: Asked[]) => {
    if (round.length === 1) return askAlone(round[0]!)
    try {
      const answers = await ask(round.map(({ item }) => item))
      round.forEach(({ resolve }, index) => resolve(answers[index]!))
    } catch (error) {
      if (isCommon(error)) for (const { reject } of round) reject(error)
      else for (const one of round) await askAlone(one)
    }
  }
  const run = async (key: string, queue: Asked[]) => {
    while (queue.length > 0) {
      const done = askTogether(takeBatch(queue, atMost, apart && (({ item }) => apart(item))))
      await (patienceMs === undefined ? done : doneOrLate(done, patienceMs))
    }
    queues.delete(key)
  }

  return (item) =>
    new Promise((resolve, reject) => {
      const key = keyOf(item)
      const queue = queues.get(key)
      if (queue) return void queue.push({ item, resolve, reject })
      const fresh = [{ item, resolve, reject }]
      queues.set(key, fresh)
      // A microtask later, so that items given in the same moment are in the batch.
      queueMicrotask(() => void run(key, fresh))
    })
}

/** Takes the first items of the queue, without those that share a name with one before them, which stay in order. */
function takeBatch<Item>(queue: Item[], atMost: number, apart: ((item: Item) => string[]) | undefined): Item[] {
  if (!apart) return queue.splice(0, atMost)
  const names = new Set<string>()
  const [batch, rest]: [Item[], Item[]] = [[], []]
  for (const item of queue) {
    const own = apart(item)
    const isFree = batch.length < atMost && !own.some((name) => names.has(name))
    for (const name of own) names.add(name)
    if (isFree) batch.push(item)
    else rest.push(item)
  }
  queue.splice(0, queue.length, ...rest)
  return batch
}

/** Resolves when the batch is done, or after `ms`. */
async function doneOrLate(done: Promise<void>, ms: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([done, late])
  clearTimeout(timer)
}
