import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, RESP_TYPES } from 'redis'

/**
 * A Redis that may be away, slow, full or empty at any moment without any caller waiting for it: a question is answered
 * within the timeout or counts as unanswered, and after three of those in a row none is asked for 2 s (circuit
 * breaker).
 */
export interface Redis extends AsyncDisposable {
  /**
   * In the order of the keys, the first `most` bytes of each, so that a huge value that another program put there does
   * not fill Marina's memory. Undefined for all when there was no answer. Never rejects.
   */
  read(keys: string[], most: number): Promise<(Buffer | undefined)[] | undefined>
  /** Resolves with false when Redis did not keep the value. Never rejects. */
  write(key: string, value: Buffer, expireMs: number): Promise<boolean>
  /** Removes keys, and retries for a minute when that fails. Returns at once. */
  forget(keys: string[]): void
  /** Keys that begin with the text, by SCAN; at most `limit`. Rejects when Redis does not answer. */
  list(beginning: string, limit: number): Promise<string[]>
  /**
   * Removes keys that begin with the text, or with `isWhole` the one key of that name; resolves with how many. Rejects
   * when Redis does not answer.
   */
  drop(beginning: string, isWhole?: boolean): Promise<number>
  /** Bytes of the value and ms until it expires; undefined when there is none. Rejects when Redis does not answer. */
  look(key: string): Promise<{ bytes: number; endsInMs: number } | undefined>
  /** Rejects when Redis cannot be used now. */
  check(): Promise<void>
  /** False while Redis is not connected or the circuit breaker lets no question through. */
  isUp(): boolean
}

export type RedisOptions = {
  url: string
  /** Put before every key, so that several installations may share one Redis. */
  prefix: string
  /** How long a question waits for its answer, in ms. */
  timeoutMs: number
  /** How long Redis may be silent before Marina connects again, in ms: a connection may go silent without breaking. */
  silenceMs?: number
  onTrouble?: (error: Error) => void
}

/** Unanswered questions in a row after which none is asked for `pauseMs`. */
const failuresInRow = 3
const pauseMs = 2000
/** The most commands under way; those beyond it go unanswered. */
const mostUnderWay = 20_000
/** How long the question of an administrator waits for its answer, in ms: longer than a pull does. */
const patienceMs = 5000
/** The most keys that wait to be removed; those beyond it stay until they expire. */
const mostForgets = 10_000
const forgetForMs = 60_000

export function openRedis({ url, prefix, timeoutMs, silenceMs = 12_000, onTrouble = () => {} }: RedisOptions): Redis {
  const connection = openConnection({ url, silenceMs, onTrouble })
  const { isUp, ask } = openBreaker({ isReady: () => connection.client().isReady, timeoutMs, onTrouble })
  const removals = openRemovals(
    async (keys) => (await ask(() => connection.client().unlink(keys.map((key) => prefix + key)))) !== undefined,
  )
  const set = (key: string, value: Buffer, expireMs: number) =>
    connection.client().set(prefix + key, value, { expiration: { type: 'PX', value: Math.ceil(expireMs) } })

  return {
    isUp,
    read: (keys, most) => ask(() => Promise.all(keys.map((key) => readBeginning(connection, prefix + key, most)))),
    write: async (key, value, expireMs) => (await ask(() => set(key, value, expireMs))) !== undefined,
    forget: (keys) => removals.add(keys),
    ...openAdministration(connection, prefix),
    async check() {
      if (!connection.client().isReady) throw new Error('Redis is not connected')
      await within(Math.max(timeoutMs, 1000), connection.client().ping())
    },
    async [Symbol.asyncDispose]() {
      const removed = removals.close()
      connection.close()
      await removed
    },
  }
}

type Client = ReturnType<typeof createRedisClient>
/** `client` returns another one after a silence. */
type Connection = { client(): Client; close(): void }

const createRedisClient = (url: string) =>
  createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: mostUnderWay,
    socket: {
      connectTimeout: 2000,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 6), 2000) + Math.random() * 100,
    },
  }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })

/**
 * A client that connects again by itself, and is replaced by a new one when nothing comes from Redis for `silenceMs`.
 */
function openConnection({
  url,
  silenceMs,
  onTrouble,
}: Pick<Required<RedisOptions>, 'url' | 'silenceMs' | 'onTrouble'>): Connection {
  let heardAt = 0
  const hear = () => void (heardAt = performance.now())
  const open = () => {
    const made = createRedisClient(url)
    made.on('error', (error: Error) => (hear(), onTrouble(error)))
    made.on('ready', hear)
    hear()
    // The client retries for as long as it is open, so that the first attempt may fail like any other.
    made.connect().catch(() => {})
    return made
  }
  let client = open()
  const watch = setInterval(() => {
    if (performance.now() - heardAt > silenceMs) {
      onTrouble(new Error(`Redis said nothing for ${silenceMs} ms`))
      client.destroy()
      client = open()
    } else if (client.isReady) client.ping().then(hear, hear)
  }, silenceMs / 3)
  watch.unref()
  return {
    client: () => client,
    close() {
      clearInterval(watch)
      if (client.isOpen) client.destroy()
    },
  }
}

/**
 * A circuit breaker: after `failuresInRow` unanswered questions in a row none is asked for `pauseMs`, then one shows
 * whether Redis answers again.
 */
function openBreaker({
  isReady,
  timeoutMs,
  onTrouble,
}: Pick<Required<RedisOptions>, 'timeoutMs' | 'onTrouble'> & { isReady(): boolean }) {
  let failures = 0
  let askAgainAt = 0
  const isUp = () => isReady() && performance.now() >= askAgainAt

  /** The answer, or undefined when it did not come in time. */
  const ask = async <Answer>(question: () => Promise<Answer>): Promise<Answer | undefined> => {
    if (!isUp()) return undefined
    if (failures >= failuresInRow) askAgainAt = performance.now() + pauseMs
    try {
      const answer = await within(timeoutMs, question())
      failures = 0
      askAgainAt = 0
      return answer
    } catch (error) {
      // A full Redis answers at once and can still be read, so it does not count as a failure.
      if ((error as Error).message.startsWith('OOM')) return undefined
      if (++failures === failuresInRow) onTrouble(error as Error)
      if (failures >= failuresInRow) askAgainAt = performance.now() + pauseMs
      return undefined
    }
  }

  return { isUp, ask }
}

/**
 * Keys that wait to be removed, each for `forgetForMs` at most. `remove` resolves with false when it has to be retried.
 */
function openRemovals(remove: (keys: string[]) => Promise<boolean>) {
  const waiting = new Map<string, number>()
  const closing = new AbortController()
  let removing: Promise<void> | undefined

  /** In batches of 500; the back-off after a failure is 100 ms, doubled up to 1 s, with jitter. */
  async function removeAll(): Promise<void> {
    for (let pause = 100; waiting.size > 0 && !closing.signal.aborted; pause = Math.min(pause * 2, 1000)) {
      const now = performance.now()
      for (const [key, until] of waiting) if (until < now) waiting.delete(key)
      const keys = [...waiting.keys()].slice(0, 500)
      if (keys.length > 0 && (await remove(keys))) {
        for (const key of keys) waiting.delete(key)
        pause = 50
      } else
        await sleep(pause * (0.75 + Math.random() / 2), undefined, { signal: closing.signal, ref: false }).catch(
          () => {},
        )
    }
    removing = undefined
  }

  return {
    add(keys: string[]) {
      const until = performance.now() + forgetForMs
      for (const key of keys) if (waiting.size < mostForgets) waiting.set(key, until)
      removing ??= removeAll()
    },
    async close() {
      closing.abort()
      await removing
    },
  }
}

async function readBeginning({ client }: Connection, key: string, most: number): Promise<Buffer | undefined> {
  const value = await client()
    .getRange(key, 0, most - 1)
    .catch(unlessOther)
  return value && value.length > 0 ? value : undefined
}

/** What an administrator asks: not subject to the circuit breaker, and waiting longer. */
function openAdministration(connection: Connection, prefix: string): Pick<Redis, 'list' | 'drop' | 'look'> {
  return {
    async list(beginning, limit) {
      const found = new Set<string>()
      for await (const keys of scan(connection, prefix + beginning)) {
        for (const key of keys) if (found.size < limit) found.add(key.slice(prefix.length))
        if (found.size >= limit) break
      }
      return [...found]
    },
    async drop(beginning, isWhole = false) {
      if (isWhole) return await within(patienceMs, connection.client().unlink(prefix + beginning))
      let count = 0
      for await (const keys of scan(connection, prefix + beginning))
        if (keys.length > 0) count += await within(patienceMs, connection.client().unlink(keys))
      return count
    },
    async look(key) {
      const client = connection.client()
      const [bytes, endsInMs] = await within(
        patienceMs,
        Promise.all([client.strLen(prefix + key), client.pTTL(prefix + key)]),
      )
      return endsInMs === -2 ? undefined : { bytes, endsInMs }
    },
  }
}

/** Pages of keys that begin with the text. */
async function* scan({ client }: Connection, beginning: string): AsyncGenerator<string[]> {
  const match = `${beginning.replace(/[*?[\]\\]/g, '\\$&')}*`
  let cursor = '0'
  do {
    const page = await within(patienceMs, client().scan(cursor, { MATCH: match, COUNT: 1000 }))
    cursor = String(page.cursor)
    yield page.keys.map((key) => String(key))
  } while (cursor !== '0')
}

/** A value of another type is not one of Marina's and counts as missing. */
function unlessOther(error: Error): undefined {
  if (!error.message.startsWith('WRONGTYPE')) throw error
}

/** Rejects when the promise takes longer; a later result is dropped. */
async function within<Answer>(ms: number, promise: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, ms, new Error(`Redis did not answer within ${ms} ms`))
  })
  promise.catch(() => {})
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
