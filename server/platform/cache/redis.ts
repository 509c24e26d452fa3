import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, RESP_TYPES } from 'redis'

/**
 * A Redis that may be away, slow, full or empty at any moment without anybody waiting for it: a question is answered within
 * the timeout or counts as unanswered, and after some of those in a row none is asked for a while.
 */
export interface Redis extends AsyncDisposable {
  /**
   * In the order of the keys, the first `most` bytes of each: whoever put a huge value there must not fill our memory. Undefined
   * for all when there was no answer. Never rejects.
   */
  read(keys: string[], most: number): Promise<(Buffer | undefined)[] | undefined>
  /** Resolves with false when it was not kept. Never rejects. */
  write(key: string, value: Buffer, expireMs: number): Promise<boolean>
  /** Removes keys, and tries again for a minute when that fails. Returns at once. */
  forget(keys: string[]): void
  /** Keys that begin with the text, by SCAN; at most `limit`. Rejects when Redis does not answer. */
  list(beginning: string, limit: number): Promise<string[]>
  /** Removes keys that begin with the text, or the one key of that name; resolves with how many. Rejects when Redis does not answer. */
  drop(beginning: string, isWhole?: boolean): Promise<number>
  /** Bytes of the value and ms until it ends; undefined when there is none. Rejects when Redis does not answer. */
  look(key: string): Promise<{ bytes: number; endsInMs: number } | undefined>
  /** Rejects when Redis cannot be used now. */
  check(): Promise<void>
  /** False while questions are not even asked. */
  isUp(): boolean
}

export type RedisOptions = {
  url: string
  /** Put before every key, so that several installations may share one Redis. */
  prefix: string
  /** How long a question waits for its answer, in ms. */
  timeoutMs: number
  /** How long nothing at all may come from Redis before it is connected to anew, in ms: a connection may go silent without breaking. */
  silenceMs?: number
  onTrouble?: (error: Error) => void
}

/** Unanswered questions in a row after which none is asked for `pauseMs`. */
const failuresInRow = 3
const pauseMs = 2000
/** Questions and values on their way at most; what comes on top goes unanswered. */
const mostUnderWay = 20_000
/** An administrator waits longer than a pull. In ms. */
const patienceMs = 5000
/** Removals that wait to be tried again at most; beyond that the expiry tidies up. */
const mostForgets = 10_000
const forgetForMs = 60_000

export function openRedis({ url, prefix, timeoutMs, silenceMs = 12_000, onTrouble = () => {} }: RedisOptions): Redis {
  const create = () =>
    createClient({
      url,
      disableOfflineQueue: true,
      commandsQueueMaxLength: mostUnderWay,
      socket: {
        connectTimeout: 2000,
        reconnectStrategy: (retries) => Math.min(50 * 2 ** Math.min(retries, 6), 2000) + Math.random() * 100,
      },
    }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
  let heardAt = 0
  const hear = () => void (heardAt = performance.now())
  const open = () => {
    const made = create()
    made.on('error', (error: Error) => (hear(), onTrouble(error)))
    made.on('ready', hear)
    hear()
    // Connects for as long as we are open; the first attempt may fail like any other.
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

  let failures = 0
  let askAgainAt = 0
  const waiting = new Map<string, number>()
  const closing = new AbortController()
  let tidying: Promise<void> | undefined

  const isUp = () => client.isReady && performance.now() >= askAgainAt

  /** The answer, or undefined when it did not come in time. While we pause, one question after each pause shows how it stands. */
  const ask = async <Answer>(question: () => Promise<Answer>): Promise<Answer | undefined> => {
    if (!isUp()) return undefined
    if (failures >= failuresInRow) askAgainAt = performance.now() + pauseMs
    try {
      const answer = await within(timeoutMs, question())
      failures = 0
      askAgainAt = 0
      return answer
    } catch (error) {
      // A full Redis answers at once and can still be read: no reason to leave it alone.
      if ((error as Error).message.startsWith('OOM')) return undefined
      if (++failures === failuresInRow) onTrouble(error as Error)
      if (failures >= failuresInRow) askAgainAt = performance.now() + pauseMs
      return undefined
    }
  }

  const beginning = async (key: string, most: number): Promise<Buffer | undefined> => {
    const value = await client.getRange(key, 0, most - 1).catch(unlessOther)
    return value && value.length > 0 ? value : undefined
  }

  const remove = async (keys: string[]) =>
    (await ask(() => client.unlink(keys.map((key) => prefix + key)))) !== undefined

  /** 100 ms, doubled up to 1 s, each time a little different. */
  async function tidy(): Promise<void> {
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
    tidying = undefined
  }

  async function* scan(beginning: string): AsyncGenerator<string[]> {
    const match = `${(prefix + beginning).replace(/[*?[\]\\]/g, '\\$&')}*`
    let cursor = '0'
    do {
      const page = await within(patienceMs, client.scan(cursor, { MATCH: match, COUNT: 1000 }))
      cursor = String(page.cursor)
      yield page.keys.map((key) => String(key))
    } while (cursor !== '0')
  }

  return {
    isUp,
    read: (keys, most) => ask(() => Promise.all(keys.map((key) => beginning(prefix + key, most)))),
    write: async (key, value, expireMs) =>
      (await ask(() => client.set(prefix + key, value, { expiration: { type: 'PX', value: Math.ceil(expireMs) } }))) !==
      undefined,
    forget(keys) {
      const until = performance.now() + forgetForMs
      for (const key of keys) if (waiting.size < mostForgets) waiting.set(key, until)
      tidying ??= tidy()
    },
    async list(beginning, limit) {
      const found = new Set<string>()
      for await (const keys of scan(beginning)) {
        for (const key of keys) if (found.size < limit) found.add(key.slice(prefix.length))
        if (found.size >= limit) break
      }
      return [...found]
    },
    async drop(beginning, isWhole = false) {
      if (isWhole) return await within(patienceMs, client.unlink(prefix + beginning))
      let count = 0
      for await (const keys of scan(beginning))
        if (keys.length > 0) count += await within(patienceMs, client.unlink(keys))
      return count
    },
    async look(key) {
      const [bytes, endsInMs] = await within(
        patienceMs,
        Promise.all([client.strLen(prefix + key), client.pTTL(prefix + key)]),
      )
      return endsInMs === -2 ? undefined : { bytes: bytes, endsInMs: endsInMs }
    },
    async check() {
      if (!client.isReady) throw new Error('Redis is not connected')
      await within(Math.max(timeoutMs, 1000), client.ping())
    },
    async [Symbol.asyncDispose]() {
      closing.abort()
      clearInterval(watch)
      if (client.isOpen) client.destroy()
      await tidying
    },
  }
}

/** A value of another type is none of ours. */
function unlessOther(error: Error): undefined {
  if (!error.message.startsWith('WRONGTYPE')) throw error
}

/** Rejects when the promise takes longer; what it brings later is dropped. */
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
