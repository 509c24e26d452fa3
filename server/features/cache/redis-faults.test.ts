import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, RESP_TYPES } from 'redis'
import { givenProject, givenUser, pushImage, type PushedImage } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openTestRedis, type TestRedis } from '../../testing/redis.ts'
import { openBeside, openTestMarina, type TestMarina } from '../../testing/server.ts'
import { openTcpProxy, type TcpProxy } from '../../testing/tcp-proxy.ts'

const opened = new AsyncDisposableStack()
let redis: TestRedis
let proxy: TcpProxy
let first: TestMarina
let second: TestMarina
before(async () => {
  redis = opened.use(await openTestRedis())
  proxy = opened.use(await openTcpProxy(redis.port))
  // With so little memory nearly every answer has to come from Redis or the database. The timeout is longer than the
  // default, since a busy machine may need more than 50 ms.
  const settings = {
    MARINA_REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
    MARINA_CACHE_BYTES: '20KiB',
    MARINA_REDIS_TIMEOUT: '200ms',
  }
  first = opened.use(await openTestMarina(settings))
  second = opened.use(await openBeside(first, settings))
  await healthy()
})
after(() => opened.disposeAsync())

type Health = { status: string; components: { name: string; status: string }[] }
const health = async (marina: TestMarina) =>
  expectAnswer(await marina.ask('GET', '/api/v2.0/health'), 200).json() as Health
const redisOf = async (marina: TestMarina) =>
  (await health(marina)).components.find(({ name }) => name === 'redis')?.status

/** Waits until both processes use Redis again, with stamps that are up to date. */
async function healthy(): Promise<void> {
  await until(async () => (await redisOf(first)) === 'healthy' && (await redisOf(second)) === 'healthy')
  await until(async () => first.ground.layers.redis!.isUp() && second.ground.layers.redis!.isUp())
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 60_000; !(await isSo()); await sleep(25))
    assert.ok(performance.now() < end, 'the condition did not hold within 60 s')
}

const redisCounts = (marina: TestMarina, event: 'hit' | 'refuse' | 'error') =>
  marina.ground.layers
    .counts()
    .filter(({ layer }) => layer === 'redis')
    .reduce((sum, { counts }) => sum + counts[event], 0)

/** A pull that takes longer than this, in ms, waits for Redis; one on a busy machine takes less. */
const hangMs = 30_000

/**
 * Pushes through one process and pulls through the other, in turns; then logs in with a new account. Checks every
 * answer. Returns the slowest pull, in ms.
 */
async function live(rounds: number): Promise<number> {
  const repository = `${(await givenProject(first)).name}/app`
  let slowest = 0
  for (let round = 0; round < rounds; round++) {
    const [writer, reader] = round % 2 === 0 ? [first, second] : [second, first]
    const image = await pushImage(writer, repository, { tag: 'moving' })
    const started = performance.now()
    await expectPull(reader, repository, 'moving', image)
    slowest = Math.max(slowest, performance.now() - started)
    await expectPull(writer, repository, image.digest, image)
  }
  const user = await givenUser(second)
  expectAnswer(await first.ask('GET', '/v2/', { as: user }), 200)
  expectAnswer(await first.ask('GET', '/v2/', { as: { ...user, password: 'wrong' } }), 401, 'UNAUTHORIZED')
  return slowest
}

async function expectPull(
  marina: TestMarina,
  repository: string,
  reference: string,
  image: PushedImage,
): Promise<void> {
  const { body, headers } = expectAnswer(
    await marina.ask('GET', `/v2/${repository}/manifests/${reference}`, { as: marina.admin }),
    200,
  )
  assert.deepEqual([headers['docker-content-digest'], body], [image.digest, image.content])
}

/** Asserts that the second process gets hits from Redis: a fault counts only when Redis is in use. */
async function expectUse(): Promise<void> {
  const repository = `${(await givenProject(first)).name}/app`
  const images = [await pushImage(first, repository, { tag: 'a' }), await pushImage(first, repository, { tag: 'b' })]
  const before = redisCounts(second, 'hit')
  await until(async () => {
    // A process asks Redis only for what its memory lacks.
    for (const marina of [first, second]) marina.ground.cache.clear()
    for (const marina of [first, second, second])
      for (const [index, image] of images.entries()) await expectPull(marina, repository, ['a', 'b'][index]!, image)
    return redisCounts(second, 'hit') > before
  })
}

test('with Redis, pushes through one process are pulled from the other, and Redis is used', async () => {
  await live(6)
  await expectUse()
})

test('S1-26: while Redis is dead, answers are right and health is degraded; once back, it is used again', async () => {
  await redis.kill()
  const slowest = await live(6)
  assert.ok(slowest < hangMs, `a pull took ${slowest} ms`)
  const { status, components } = await health(first)
  assert.deepEqual(
    [
      status,
      components.find(({ name }) => name === 'redis')?.status,
      components.find(({ name }) => name === 'database')?.status,
    ],
    ['degraded', 'unhealthy', 'healthy'],
  )
  await redis.start()
  await healthy()
  await live(4)
  await expectUse()
})

test('Redis that is flushed again and again only makes things slower', async () => {
  const client = await createClient({ url: redis.url }).connect()
  const flushing = setInterval(() => void client.flushAll().catch(() => {}), 5)
  await live(8)
  clearInterval(flushing)
  client.destroy()
  await expectUse()
})

test('a Redis that takes 5 s to answer costs a pull or two the timeout, then is not asked for a while', async () => {
  proxy.delayMs = 5000
  const begun = performance.now()
  await live(5)
  assert.ok(performance.now() - begun < 25_000, 'ten pulls took less than five answers of Redis')
  // By now no process asks Redis, so that a pull costs what it costs from the database.
  const repository = `${(await givenProject(first)).name}/app`
  const image = await pushImage(first, repository, { tag: 'v1' })
  const started = performance.now()
  for (let time = 0; time < 20; time++) await expectPull(second, repository, 'v1', image)
  assert.ok(performance.now() - started < 50_000, 'twenty pulls took less than ten answers of Redis')
  assert.equal(await redisOf(second), 'unhealthy')
  proxy.delayMs = 0
  await healthy()
  await expectUse()
})

test('a Redis that hangs with open connections is not asked, and is used again once it answers', async () => {
  redis.freeze()
  assert.ok((await live(5)) < hangMs)
  redis.thaw()
  await healthy()
  await expectUse()
})

test('a full Redis takes no more values; those it has are used, the rest comes from the database', async () => {
  await redis.tell('config', 'set', 'maxmemory-policy', 'noeviction')
  await redis.tell('config', 'set', 'maxmemory', '1')
  const before = redisCounts(first, 'error') + redisCounts(second, 'error')
  // Writes that Redis refuses are counted as errors.
  await until(async () => (await live(3)) > 0 && redisCounts(first, 'error') + redisCounts(second, 'error') > before)
  await until(async () => (await redisOf(first)) === 'healthy')
  await redis.tell('config', 'set', 'maxmemory', '0')
  await expectUse()
})

test('connections to Redis that break in the middle of requests are opened again', async () => {
  const cutting = setInterval(() => {
    proxy.isCut = true
    proxy.isCut = false
  }, 40)
  await live(8)
  clearInterval(cutting)
  await healthy()
  await expectUse()
})

test('S1-23: a key that Redis could not be told to drop is not believed, and dropped once Redis is back', async () => {
  const repository = `${(await givenProject(first)).name}/app`
  await pushImage(first, repository, { tag: 'v1' })
  const tagKey = `tag:repository:${repository}:name:v1`
  const isThere = async () => (await redis.tell('--scan', '--pattern', `*${tagKey}`)) !== ''
  await until(async () => {
    first.ground.cache.clear()
    await first.ask('GET', `/v2/${repository}/manifests/v1`, { as: first.admin })
    return isThere()
  })
  proxy.isCut = true
  await pushImage(second, repository, { tag: 'v1' })
  assert.ok(await isThere(), 'Redis was told to drop the key, although its connection is cut')
  proxy.isCut = false
  await until(async () => !(await isThere()))
  await healthy()
})

/** The bytes that Redis holds of a repository, by key. */
async function dumpOf(redis: TestRedis, repository: string): Promise<Map<string, Buffer>> {
  const client = await connectTo(redis)
  try {
    const found = (await redis.tell('--scan', '--pattern', `*${repository}*`)).split('\n')
    const keys = found.filter((key) => /:(?:tag|manifest):/.test(key))
    const values = await Promise.all(keys.map((key) => client.get(key)))
    return new Map(keys.flatMap((key, index) => (values[index] ? [[key, Buffer.from(values[index])]] : [])))
  } finally {
    client.destroy()
  }
}

const connectTo = (redis: TestRedis) =>
  createClient({ url: redis.url })
    .withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
    .connect()

test('S1-24: old and forged values in Redis change no answer', async () => {
  const repository = `${(await givenProject(first)).name}/app`
  const [old, other] = [
    await pushImage(first, repository, { tag: 'v1' }),
    await pushImage(first, repository, { tag: 'v2' }),
  ]
  let dump = new Map<string, Buffer>()
  await until(async () => {
    first.ground.cache.clear()
    for (const [tag, image] of [
      ['v1', old],
      ['v2', other],
    ] as const)
      await expectPull(first, repository, tag, image)
    dump = await dumpOf(redis, repository)
    return dump.size === 4
  })
  const client = await connectTo(redis)
  try {
    const keys = [...dump.keys()]
    const tagKeys = keys.filter((key) => key.includes(':tag:'))
    assert.equal(tagKeys.length, 2, `Redis held ${keys.join(', ')}`)
    const moved = await pushImage(second, repository, { tag: 'v1' })
    const [one, two] = tagKeys as [string, string]
    const evil = [
      ...dump,
      // The value of another key, which is valid under that one.
      [one, dump.get(two)!],
      [two, dump.get(one)!],
      ...keys.flatMap((key): [string, Buffer][] => [
        [key, randomBytes(200)],
        [key, Buffer.alloc(0)],
        [key, Buffer.from('{"tagId":1,"digest":"sha256:00"}')],
        [key, Buffer.concat([dump.get(key)!, Buffer.from('x')])],
      ]),
    ] as [string, Buffer][]
    const refused = redisCounts(first, 'refuse') + redisCounts(second, 'refuse')
    for (const [key, value] of evil) {
      await client.set(key, value)
      for (const marina of [first, second]) {
        // With memory empty, Redis is asked.
        marina.ground.cache.clear()
        await expectPull(marina, repository, 'v1', moved)
        await expectPull(marina, repository, 'v2', other)
      }
    }
    assert.ok(redisCounts(first, 'refuse') + redisCounts(second, 'refuse') > refused + 5)
    // Values of another Redis type: lists.
    for (const key of keys) await redis.tell('del', key).then(() => redis.tell('lpush', key, 'x'))
    for (const marina of [first, second]) await expectPull(marina, repository, 'v1', moved)
  } finally {
    client.destroy()
  }
})

test('S1-07: a Redis that fails over to an old copy, or to another Redis, changes no answer', async () => {
  const repository = `${(await givenProject(first)).name}/app`
  await pushImage(first, repository, { tag: 'v1' })
  const isThere = async () => {
    for (const marina of [first, second]) {
      marina.ground.cache.clear()
      await marina.ask('GET', `/v2/${repository}/manifests/v1`, { as: marina.admin })
    }
    return (await dumpOf(redis, repository)).size > 0
  }
  await until(isThere)
  await using other = await openTestRedis()
  // A replica that stops replicating lacks the last writes.
  await other.tell('replicaof', '127.0.0.1', String(redis.port))
  await until(
    async () =>
      (await other.tell('info', 'replication')).includes('master_link_status:up') &&
      (await dumpOf(other, repository)).size > 0,
  )
  await other.tell('replicaof', 'no', 'one')
  const moved = await pushImage(second, repository, { tag: 'v1' })
  const client = await connectTo(redis)
  for (const [key, value] of await dumpOf(other, repository)) await client.set(key, value)
  client.destroy()
  for (const marina of [first, second]) {
    marina.ground.cache.clear()
    await expectPull(marina, repository, 'v1', moved)
  }
})

test('a huge value in Redis is not read into memory, and Redis stays in use with values of another type', async () => {
  const repository = `${(await givenProject(first)).name}/app`
  const image = await pushImage(first, repository, { tag: 'v1' })
  await until(async () => {
    for (const marina of [first, second]) {
      marina.ground.cache.clear()
      await expectPull(marina, repository, 'v1', image)
    }
    return (await dumpOf(redis, repository)).size === 2
  })
  const keys = [...(await dumpOf(redis, repository)).keys()]
  const sent = async () => Number(/total_net_output_bytes:(\d+)/.exec(await redis.tell('info', 'stats'))![1])
  for (const key of keys) await redis.tell('setrange', key, String(64 * 2 ** 20), 'x')
  const before = await sent()
  first.ground.cache.clear()
  await expectPull(first, repository, 'v1', image)
  assert.ok((await sent()) - before < 8 * 2 ** 20, `Redis sent ${(await sent()) - before} bytes`)
  await healthy()
  for (let round = 0; round < 5; round++) {
    for (const key of keys) await redis.tell('del', key).then(() => redis.tell('lpush', key, 'x'))
    second.ground.cache.clear()
    await expectPull(second, repository, 'v1', image)
    assert.ok(second.ground.layers.redis!.isUp())
  }
  await redis.tell('flushall')
  await expectUse()
})
