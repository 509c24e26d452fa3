import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { givenProject, givenUser, pushImage } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openTestRedis, type TestRedis } from '../../testing/redis.ts'
import { openRest } from '../../testing/rest.ts'
import { openBeside, openTestMarina, type TestMarina } from '../../testing/server.ts'

type Row = {
  layer: string
  resource: string
  entries: number
  bytes: number
  hit: number
  miss: number
  load: number
  forget: number
  refuse: number
  error: number
}

const opened = new AsyncDisposableStack()
let redis: TestRedis
let first: TestMarina
let second: TestMarina
before(async () => {
  redis = opened.use(await openTestRedis())
  first = opened.use(await openTestMarina({ MARINA_REDIS_URL: redis.url }))
  second = opened.use(await openBeside(first, { MARINA_REDIS_URL: redis.url }))
})
after(() => opened.disposeAsync())

const get = async (path: string) => expectAnswer(await openRest(first)('GET', path, first.admin), 200).json()
const rowOf = async (layer: string, resource: string) =>
  ((await get('/system/cache')) as { resources: Row[] }).resources.find(
    (one) => one.layer === layer && one.resource === resource,
  )
const pull = (marina: TestMarina, repository: string, tag: string) =>
  marina.ask('GET', `/v2/${repository}/manifests/${tag}`, { as: marina.admin })

/** Makes a repository whose manifest and tag both processes and Redis hold. */
async function givenKept(): Promise<{ repository: string; manifestKey: string; tagKey: string }> {
  const repository = `${(await givenProject(first)).name}/app`
  const { digest } = await pushImage(first, repository, { tag: 'v1' })
  for (const one of [first, second, first, second]) expectAnswer(await pull(one, repository, 'v1'), 200)
  return {
    repository,
    manifestKey: `manifest:repository:${repository}:digest:${digest}`,
    tagKey: `tag:repository:${repository}:name:v1`,
  }
}

test('S1-30: administrators count what all processes and Redis keep, by resource', async () => {
  const before = await rowOf('memory', 'manifest')
  await givenKept()
  const overview = (await get('/system/cache')) as { processes: number; redis: string }
  assert.deepEqual([overview.processes, overview.redis], [2, 'healthy'])
  const [memory, shared] = [(await rowOf('memory', 'manifest'))!, (await rowOf('redis', 'manifest'))!]
  assert.equal(memory.entries - (before?.entries ?? 0), 2)
  assert.ok(memory.bytes > 600 && memory.hit >= 2 && memory.miss >= 2)
  // The second process found the manifest in Redis, so it was read from the database once.
  assert.equal(memory.load - (before?.load ?? 0), 1)
  assert.ok(shared.entries >= 1 && shared.hit >= 1 && shared.load >= 1)
})

test('S1-30, S1-10..S1-18: keys can be listed and read, without the values that may hold a secret', async () => {
  const { repository, manifestKey, tagKey } = await givenKept()
  const listed = (await get(`/system/cache/tag?beginning=repository:${repository}:`)) as {
    keys: { key: string; layers: string[] }[]
    is_cut: boolean
  }
  assert.deepEqual(listed, { keys: [{ key: tagKey, layers: ['memory', 'redis'] }], is_cut: false, redis: 'healthy' })
  const entry = (await get(`/system/cache/manifest/key?key=${encodeURIComponent(manifestKey)}`)) as {
    memory: { bytes: number; value: string }[]
    redis: { bytes: number; ends_in_seconds: number }
  }
  assert.equal(entry.memory.length, 2)
  assert.equal(
    (JSON.parse(JSON.parse(entry.memory[0]!.value).content as string) as { schemaVersion: number }).schemaVersion,
    2,
  )
  assert.ok(
    entry.redis.bytes > 100 && entry.redis.ends_in_seconds > 86_000 && entry.redis.ends_in_seconds <= 86_400,
    'S1-05: values stay in Redis for a day',
  )
  const account = (await get('/system/cache/account/key?key=account:name:admin')) as {
    memory: { bytes: number; value?: string }[]
  }
  assert.ok(account.memory.length > 0 && account.memory.every(({ value }) => value === undefined))
  assert.equal(account.hasOwnProperty('redis'), false)
})

test('S1-30: a key or a whole resource can be dropped everywhere, and is read from the database again', async () => {
  const { repository, manifestKey, tagKey } = await givenKept()
  const rest = openRest(second)
  const forget = async (path: string) =>
    expectAnswer(await rest('DELETE', path, second.admin), 200).json() as { memory: number; redis: number }
  assert.deepEqual(await forget(`/system/cache/manifest/key?key=${encodeURIComponent(manifestKey)}`), {
    memory: 2,
    redis: 1,
  })
  expectAnswer(
    await rest('GET', `/system/cache/manifest/key?key=${encodeURIComponent(manifestKey)}`, second.admin),
    404,
    'NOT_FOUND',
  )
  const flushed = await forget('/system/cache/tag')
  assert.ok(flushed.memory >= 2 && flushed.redis >= 1)
  assert.deepEqual(await get('/system/cache/tag'), { keys: [], is_cut: false, redis: 'healthy' })
  assert.equal(await redis.tell('--scan', '--pattern', `*${tagKey}`), '')
  for (const one of [first, second]) expectAnswer(await pull(one, repository, 'v1'), 200)
  const facts = await first.ground.db.rows<{ payload: { resource: string; key: string | null; by: { name: string } } }>(
    sql`select payload from outbox where topic = 'cache.forgotten' order by id`,
  )
  assert.deepEqual(
    facts.map(({ payload }) => [payload.resource, payload.key, payload.by.name]),
    [
      ['manifest', manifestKey, 'admin'],
      ['tag', null, 'admin'],
    ],
  )
})

test('only system administrators can read or drop cached entries', async () => {
  const user = await givenUser(first)
  const rest = openRest(first)
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/tag'],
    ['DELETE', '/tag'],
    ['GET', '/tag/key?key=tag:a'],
    ['DELETE', '/tag/key?key=tag:a'],
  ] as const) {
    expectAnswer(await rest(method, `/system/cache${path}`, user), 403, 'FORBIDDEN')
    expectAnswer(await rest(method, `/system/cache${path}`, undefined), 401, 'UNAUTHORIZED')
  }
  expectAnswer(await rest('GET', '/system/cache/tag/key?key=manifest:a', first.admin), 400, 'BAD_REQUEST')
  expectAnswer(await rest('GET', '/system/cache/Tag', first.admin), 422, 'UNPROCESSABLE_ENTITY')
  // `*` is a character like any other, not a pattern.
  assert.deepEqual(await get('/system/cache/tag?beginning=*'), { keys: [], is_cut: false, redis: 'healthy' })
})

test('hits, misses, loads, forgets and errors are counted for each resource and layer in the metrics', async () => {
  await givenKept()
  const text = await first.ground.metrics.registry.metrics()
  for (const resource of ['manifest', 'tag', 'project']) {
    for (const event of ['hit', 'miss', 'load', 'forget', 'error'])
      assert.match(
        text,
        new RegExp(`marina_cache_events_total\\{layer="memory",resource="${resource}",event="${event}"\\} \\d+`),
      )
  }
  assert.match(text, /marina_cache_events_total\{layer="redis",resource="manifest",event="load"\} [1-9]/)
})

test('S1-04: with the cache off, nothing is cached and pulls still work', async () => {
  await using off = await openBeside(first, { MARINA_REDIS_URL: redis.url, MARINA_CACHE_ENABLED: 'false' })
  const { repository } = await givenKept()
  for (let time = 0; time < 3; time++) expectAnswer(await pull(off, repository, 'v1'), 200)
  assert.deepEqual(off.ground.cache.size(), { bytes: 0, entries: 0 })
  assert.equal(off.ground.layers.redis, undefined)
  assert.equal(expectAnswer(await off.ask('GET', '/api/v2.0/health'), 200).text.includes('redis'), false)
})

test('with MARINA_CACHE_MANIFESTS off, tags are still cached', async () => {
  await using lean = await openBeside(first, { MARINA_REDIS_URL: redis.url, MARINA_CACHE_MANIFESTS: 'false' })
  const { repository } = await givenKept()
  for (let time = 0; time < 3; time++) expectAnswer(await pull(lean, repository, 'v1'), 200)
  const resources = new Set([...lean.ground.cache.entries()].map(({ key }) => key.split(':', 1)[0]))
  assert.deepEqual([resources.has('manifest'), resources.has('tag')], [false, true])
  assert.equal(
    lean.ground.layers.counts().some(({ layer, resource }) => layer === 'redis' && resource === 'manifest'),
    false,
  )
})

test('S1-08: a process without a cache still tells the others of its changes', async () => {
  await using off = await openBeside(first, { MARINA_CACHE_ENABLED: 'false' })
  const { repository } = await givenKept()
  const moved = await pushImage(off, repository, { tag: 'v1' })
  for (const one of [first, second, off])
    assert.equal(expectAnswer(await pull(one, repository, 'v1'), 200).headers['docker-content-digest'], moved.digest)
})

test('S1-30: an answer says that Redis did not answer, instead of showing it empty', async () => {
  const { manifestKey } = await givenKept()
  redis.freeze()
  try {
    const { keys, redis: state } = (await get('/system/cache/manifest')) as {
      keys: { layers: string[] }[]
      redis: string
    }
    assert.deepEqual(
      [keys.length > 0, keys.some(({ layers }) => layers.includes('redis')), state],
      [true, false, 'unhealthy'],
    )
    const at = `/system/cache/manifest/key?key=${encodeURIComponent(manifestKey)}`
    const entry = (await get(at)) as { memory: unknown[]; redis: unknown }
    assert.deepEqual([entry.memory.length, entry.redis], [2, null])
    assert.deepEqual(expectAnswer(await openRest(first)('DELETE', at, first.admin), 200).json(), {
      memory: 2,
      redis: null,
    })
    assert.deepEqual(await get(at), { key: manifestKey, memory: [], redis: null })
  } finally {
    redis.thaw()
  }
})
