import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, RESP_TYPES } from 'redis'
import { openTestDatabase } from '../../testing/postgres.ts'
import { randomOf } from '../../testing/random.ts'
import { openTestRedis } from '../../testing/redis.ts'
import { openTcpProxy } from '../../testing/tcp-proxy.ts'
import { countLies, factKey, openProcess, prepare, type Process, type ProcessOptions } from './processes.suite.ts'
import { openRedis } from './redis.ts'
import type { Stamps } from './peers/stamps.ts'

const redis = await openTestRedis()
after(() => redis[Symbol.asyncDispose]())

const sumOf = (processes: Process[], event: 'hit' | 'refuse' | 'load') =>
  processes
    .flatMap(({ layers }) => layers.counts())
    .filter(({ layer }) => layer === 'redis')
    .reduce((sum, { counts }) => sum + counts[event], 0)

/**
 * Puts old values back, under their own keys and others', and corrupts some: everything that a Redis could do wrong.
 */
async function openMischief(seed: number): Promise<AsyncDisposable & { done(): number }> {
  const client = await createClient({ url: redis.url })
    .withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
    .connect()
  const random = randomOf(seed)
  const keys = ['a', 'b', 'c'].map((name) => `test:${factKey(name)}`)
  const pick = <One>(all: One[]) => all[Math.floor(random() * all.length)]!
  const seen: { key: string; value: Buffer }[] = []
  let done = 0
  const over = new AbortController()
  const work = (async () => {
    while (!over.signal.aborted) {
      const key = pick(keys)
      const value = await client.get(key)
      if (value) seen.push({ key, value: Buffer.from(value) })
      if (seen.length > 2000) seen.shift()
      const old = pick(seen.length > 0 ? seen : [{ key, value: Buffer.from('nothing') }])
      const spoilt = Buffer.from(old.value)
      spoilt[Math.floor(random() * spoilt.length)]! ^= 1 + Math.floor(random() * 255)
      const choice = random()
      if (choice < 0.5) await client.set(old.key, old.value)
      else if (choice < 0.7) await client.set(pick(keys), old.value)
      else if (choice < 0.8) await client.set(key, spoilt)
      else if (choice < 0.85) await client.flushAll()
      done++
      await sleep(random() * 2)
    }
  })()
  return {
    done: () => done,
    async [Symbol.asyncDispose]() {
      over.abort()
      await work
      client.destroy()
    },
  }
}

/** Three processes, two of them with almost no memory, so that they read from Redis; and one that joins and leaves. */
async function countLiesWithRedis(
  ms: number,
  seed: number,
  options: ProcessOptions['redis'] extends infer R ? Partial<NonNullable<R>> : never = {},
) {
  await redis.tell('flushall')
  await using database = await openTestDatabase(prepare)
  const to = { url: redis.url, ...options }
  await using one = await openProcess(database.url, { redis: to })
  await using two = await openProcess(database.url, { redis: to, limit: 0 })
  await using three = await openProcess(database.url, { redis: to, limit: 0 })
  await using mischief = await openMischief(seed)
  const end = performance.now() + ms
  const comers = { lies: 0, reads: 0 }
  const play = { seed, pauseMs: 60, settled: new Map<string, number>() }
  const comingAndGoing = (async () => {
    while (performance.now() < end - 300) {
      await using fourth = await openProcess(database.url, { redis: to, limit: 0 })
      const { lies, reads } = await countLies([fourth], Math.min(400, end - performance.now()), {
        ...play,
        writers: [],
      })
      comers.lies += lies
      comers.reads += reads
    }
  })()
  const found = await countLies([one, two, three], ms, { ...play, writers: [one] })
  await comingAndGoing
  const all = [one, two, three]
  return {
    lies: found.lies + comers.lies,
    reads: found.reads,
    comers: comers.reads,
    writes: found.writes,
    hits: sumOf(all, 'hit'),
    refused: sumOf(all, 'refuse'),
    mischief: mischief.done(),
  }
}

test('an acknowledged write is seen by the next read everywhere, even if Redis returns false values', async () => {
  const sum = { reads: 0, comers: 0, writes: 0, hits: 0, refused: 0, mischief: 0 }
  // The test counts only once enough values were believed and refused, spoilt, and enough processes joined. On a busy
  // machine that takes longer.
  const isTried = () =>
    sum.reads > 300 && sum.comers > 10 && sum.writes > 20 && sum.hits > 30 && sum.refused > 30 && sum.mischief > 100
  for (let seed = 1; seed <= 2 || (seed <= 40 && !isTried()); seed++) {
    const { lies, ...tried } = await countLiesWithRedis(2500, seed)
    assert.equal(lies, 0, JSON.stringify(tried))
    for (const what of Object.keys(sum) as (keyof typeof sum)[]) sum[what] += tried[what]
  }
  assert.ok(isTried(), JSON.stringify(sum))
})

/** Each removes one precaution; the test above has to notice. */
const broken: Record<string, (stamps: Stamps) => Stamps> = {
  'believes every value that was sealed here, however old': (stamps) => ({
    ...stamps,
    of: (key) => stamps.of(key) && 'always',
  }),
  'hears of a change a moment after it was acknowledged': (stamps) => ({
    ...stamps,
    note: (change, keys) => void setTimeout(() => stamps.note(change, keys), 15),
  }),
}

for (const [how, stampsOf] of Object.entries(broken)) {
  test(`the same test catches a process that ${how}`, async () => {
    let lies = 0
    for (let seed = 1; seed <= 10 && lies === 0; seed++)
      lies = (await countLiesWithRedis(2500, seed, { stampsOf })).lies
    assert.notEqual(lies, 0)
  })
}

/**
 * A process joins. After the process that it asked has copied its table of stamps, and before the copy is adopted, a
 * fact changes. Then Redis returns the value from before. Resolves with the oldest value that the newcomer reads.
 */
async function readAfterJoining(hears: (stamps: Stamps, isKnown: () => boolean) => Stamps['note']): Promise<number> {
  await redis.tell('flushall')
  await using database = await openTestDatabase(prepare)
  await using old = await openProcess(database.url, { redis: { url: redis.url }, limit: 0 })
  await old.write('a')
  const key = `test:${factKey('a')}`
  const client = await createClient({ url: redis.url })
    .withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
    .connect()
  try {
    let before: Buffer | null = null
    while (before === null) {
      await old.read('a')
      before = await client.get(key)
    }
    let changed: Promise<number> | undefined
    let isKnown = false
    const slowly = (stamps: Stamps): Stamps => ({
      ...stamps,
      note: hears(stamps, () => isKnown),
      adopt(generation, table) {
        changed = old.write('a').finally(() => ((isKnown = true), stamps.adopt(generation, table)))
      },
    })
    await using fresh = await openProcess(database.url, { redis: { url: redis.url, stampsOf: slowly }, limit: 0 })
    assert.equal(await changed, 2)
    // The old value is put back only after the writer has removed it; several times, as a busy Redis may not answer in
    // time.
    while ((await client.exists(key)) > 0) await sleep(10)
    const told: number[] = []
    for (let time = 0; time < 10; time++) {
      await client.set(key, before)
      told.push(await fresh.read('a'))
    }
    return Math.min(...told)
  } finally {
    client.destroy()
  }
}

test('a process that joins knows of changes made while it gets the table of stamps', async () => {
  assert.equal(await readAfterJoining((stamps) => stamps.note), 2)
})

test('the same test catches a process that misses those changes', async () => {
  assert.equal(
    await readAfterJoining((stamps, isKnown) => (change, keys) => void (isKnown() && stamps.note(change, keys))),
    1,
  )
})

test('a connection to Redis that goes silent without breaking, also before it is ready, is replaced', async () => {
  await using proxy = await openTcpProxy(redis.port)
  await using client = openRedis({
    url: `redis://127.0.0.1:${proxy.port}`,
    prefix: 'silent:',
    timeoutMs: 200,
    silenceMs: 900,
  })
  const works = async () => {
    for (const end = performance.now() + 60_000; performance.now() < end; await sleep(20))
      if (await client.write('key', Buffer.from('value'), 60_000)) return true
    return false
  }
  assert.ok(await works())
  proxy.silence()
  assert.equal(await client.write('key', Buffer.from('value'), 60_000), false)
  assert.ok(await works(), 'after it went silent')
  // This connection, and those that replace it for a while.
  const silencing = setInterval(() => proxy.silence(), 1)
  await sleep(1500)
  clearInterval(silencing)
  assert.ok(await works(), 'after none became ready')
})
