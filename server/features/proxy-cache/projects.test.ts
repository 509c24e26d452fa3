/** The fields of a project that caches another registry, as Harbor has them, and Marina's own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '../../testing/api.ts'
import { fresh, givenProject, givenUser } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { imageOf, openCacheScene } from './scene.suite.ts'

const scene = await openCacheScene()
const { marina, call } = scene
type Shown = { registry_id?: number; metadata: Record<string, string>; registry?: Record<string, unknown> }
const shown = async (name: string) => expectAnswer(await call('GET', `/projects/${name}`), 200).json() as Shown
const textOf = (answer: { json(): unknown }) => (answer.json() as { errors: { message: string }[] }).errors[0]!.message

test('a project is made of an endpoint, with the retention that Harbor gives it', async () => {
  const name = await scene.givenCache({ public: 'false' }, { storage_limit: 1_048_576 })
  const { registry_id: id, metadata } = await shown(name)
  assert.equal(id, scene.endpoint)
  const policy = expectAnswer(await call('GET', `/retentions/${metadata['retention_id']}`), 200).json() as {
    rules: { template: string; params: object }[]
    trigger: { settings: { cron: string } }
  }
  assert.deepEqual(
    [policy.rules[0]?.template, policy.rules[0]?.params, policy.trigger.settings.cron],
    ['nDaysSinceLastPull', { nDaysSinceLastPull: 7 }, '0 0 0 * * *'],
  )
  const { registry } = expectAnswer(await call('GET', `/projects/${name}/summary`), 200).json() as Shown
  assert.deepEqual(
    [registry?.['id'], registry?.['type'], registry?.['credential']],
    [scene.endpoint, 'docker-registry', undefined],
  )
  const listed = expectAnswer(await call('GET', `/projects?name=${name}`), 200).json() as Shown[]
  assert.equal(listed[0]?.registry_id, scene.endpoint)
  const refused = expectAnswer(await call('DELETE', `/registries/${scene.endpoint}`), 412, 'PRECONDITION')
  assert.match(textOf(refused), /is referenced by proxy cache project, cannot delete it/)
})

test('an endpoint that cannot be cached, and a caller who may not choose one, are refused as in Harbor', async () => {
  const swr = { name: fresh('swr'), type: 'huawei-SWR', url: scene.docker.url }
  const other = (await call('POST', '/registries', swr)).headers.location
  const table: [number, number, RegExp][] = [
    [0, 400, /0 is invalid value of registry_id/],
    [-1, 400, /-1 is invalid value of registry_id/],
    [99_999, 400, /registry 99999 not found/],
    ...(other
      ? [[Number(/\d+$/.exec(other)![0]), 400, /unsupported registry type huawei-SWR/] as [number, number, RegExp]]
      : []),
  ]
  for (const [id, status, words] of table) {
    const answer = await call('POST', '/projects', { project_name: fresh('never'), registry_id: id })
    expectAnswer(answer, status, 'BAD_REQUEST')
    assert.match(textOf(answer), words)
  }
  expectAnswer(
    await call('POST', '/projects', { project_name: fresh('never'), registry_id: 'x' }),
    422,
    'UNPROCESSABLE_ENTITY',
  )
  expectAnswer(await call('POST', '/projects', { project_name: fresh('plain'), registry_id: null }), 201)
  const user = await givenUser(marina)
  const denied = await call('POST', '/projects', { project_name: fresh('never'), registry_id: scene.endpoint }, user)
  expectAnswer(denied, 403, 'FORBIDDEN')
  assert.match(textOf(denied), /Only system admin can create proxy cache project/)
  const name = await scene.givenCache()
  expectAnswer(await call('PUT', `/projects/${name}`, { registry_id: scene.endpoint }), 200)
  expectAnswer(await call('PUT', `/projects/${name}`, { registry_id: 99_999 }), 400, 'BAD_REQUEST')
})

test('the settings of a cache are checked, kept and reset; an ordinary project has none of them', async () => {
  const name = await scene.givenCache({ proxy_speed_kb: '64', max_upstream_conn: '2' })
  const { metadata } = await shown(name)
  assert.deepEqual([metadata['proxy_speed_kb'], metadata['max_upstream_conn']], ['64', '2'])
  const put = (given: Record<string, string>, project = name) =>
    call('PUT', `/projects/${project}`, { metadata: given })
  for (const good of [
    { proxy_speed_kb: '-1' },
    { max_upstream_conn: '0' },
    { proxy_referrer_api: 'true' },
    { proxy_cache_local_on_not_found: 'true' },
    { proxy_cache_fresh_seconds: '0' },
    { proxy_cache_when_gone: 'delete' },
    { proxy_cache_bytes: '1000' },
    { proxy_cache_unpulled_days: '30' },
    { proxy_cache_fixed_tags: 'v*' },
    { proxy_cache_filter_kind: 'regex', proxy_cache_filter_pattern: 'team/.*' },
    { proxy_cache_filter_pattern: '' },
  ] as Record<string, string>[])
    expectAnswer(await put(good), 200)
  for (const [bad, words] of [
    [{ proxy_speed_kb: 'x' }, /proxy_speed_kb must be a whole number/],
    [{ proxy_cache_fresh_seconds: '1.5' }, /whole number/],
    [{ proxy_cache_when_gone: 'maybe' }, /keep, mark, delete/],
    [{ proxy_cache_filter_kind: 'nope' }, /should be "doublestar" or "regex", but got: "nope"/],
    [{ proxy_cache_filter_kind: 'regex', proxy_cache_filter_pattern: '(' }, /cannot be read/],
    [{ proxy_cache_fixed_tags: '[a' }, /proxy_cache_fixed_tags/],
    [{ proxy_referrer_api: 'x' }, /true or false/],
  ] as [Record<string, string>, RegExp][]) {
    const answer = expectAnswer(await put(bad), 400, 'BAD_REQUEST')
    assert.match(textOf(answer), words)
  }
  const another = await scene.givenCache()
  const lonely = expectAnswer(await put({ proxy_cache_filter_pattern: 'up/**' }, another), 400, 'BAD_REQUEST')
  assert.match(textOf(lonely), /should be "doublestar" or "regex", but got: ""/)
  const { name: plain } = await givenProject(marina)
  expectAnswer(await put({ proxy_speed_kb: '5' }, plain), 200)
  assert.equal((await shown(plain)).metadata['proxy_speed_kb'], undefined)
  expectAnswer(
    await call('PUT', `/projects/${plain}/metadatas/proxy_speed_kb`, { proxy_speed_kb: '5' }),
    400,
    'BAD_REQUEST',
  )
  expectAnswer(await call('GET', `/projects/${plain}/proxy-cache`), 412, 'PRECONDITION')
})

test('what the filter leaves out is neither fetched nor listed, by tag, digest, blob or referrer', async () => {
  const filter = { proxy_cache_filter_kind: 'doublestar', proxy_cache_filter_pattern: 'open/**' }
  const cache = await scene.givenCache({ ...filter, proxy_referrer_api: 'true' })
  const image = imageOf(1000)
  await scene.push('open/app', 'v1', image)
  await scene.push('closed/app', 'v1', image)
  await scene.pull(`${cache}/open/app`, 'v1', image)
  const before = scene.asked.length
  for (const path of [
    'manifests/v1',
    `manifests/${image.digest}`,
    `blobs/${image.digest}`,
    `referrers/${image.digest}`,
    'tags/list',
  ])
    expectAnswer(await scene.get(`${cache}/closed/app/${path}`), 403, 'DENIED')
  assert.equal(scene.asked.length, before)
})

test('what is cached can be seen, asked for again and forgotten, by those who may', async () => {
  const cache = await scene.givenCache()
  const image = imageOf(2000)
  await scene.push('team/seen', 'v1', image)
  await scene.push('team/seen', 'v2', image)
  await scene.pull(`${cache}/team/seen`, 'v1', image)
  await scene.pull(`${cache}/team/seen`, 'v2', image)
  await scene.stored(cache, 'team/seen', 'v2')
  const path = `/projects/${cache}/proxy-cache`
  const tags = async () =>
    expectAnswer(await call('GET', `${path}/tags?repository=team/seen`), 200).json() as {
      tag: string
      is_stored: boolean
      push_time?: string
    }[]
  assert.deepEqual(
    (await tags()).map(({ tag, is_stored: isStored }) => [tag, isStored]),
    [
      ['v1', true],
      ['v2', true],
    ],
  )
  const figures = expectAnswer(await call('GET', path), 200).json() as Record<string, number> & {
    registry: { id: number }
  }
  assert.deepEqual([figures['tags'], figures['artifacts'], figures.registry.id], [2, 1, scene.endpoint])
  const before = scene.asked.length
  const again = expectAnswer(await call('POST', `${path}/refresh`, { repository: 'team/seen', tag: 'v1' }), 200)
  assert.deepEqual(again.json(), { tags: 1 })
  await scene.pull(`${cache}/team/seen`, 'v2', image)
  assert.equal(scene.asked.length, before)
  await scene.pull(`${cache}/team/seen`, 'v1', image)
  assert.equal(scene.asked.length, before + 1, 'one HEAD')
  expectAnswer(await call('POST', `${path}/refresh`, { repository: 'team/seen', tag: 'nope' }), 404, 'NOT_FOUND')
  expectAnswer(await call('POST', `${path}/refresh`, { tag: 'v1' }), 400, 'BAD_REQUEST')
  expectAnswer(await call('DELETE', `${path}/tags?repository=team/seen&tag=v1`), 200)
  assert.deepEqual(
    (await tags()).map(({ tag }) => tag),
    ['v2'],
  )
  expectAnswer(await call('DELETE', `${path}/tags?repository=team/seen&tag=v2`), 200)
  expectAnswer(await call('DELETE', `${path}/tags?repository=team/seen&tag=v2`), 404, 'NOT_FOUND')
  const repository = `/projects/${cache}/repositories/team%252Fseen/artifacts`
  // A pull that was answered before may still be kept behind its answer.
  await scene.until(async () => {
    const left = expectAnswer(await call('GET', repository), 200).json() as object[]
    for (const tag of left.length > 0 ? ['v1', 'v2'] : [])
      await call('DELETE', `${path}/tags?repository=team/seen&tag=${tag}`)
    assert.deepEqual(left, [])
  })
  await scene.pull(`${cache}/team/seen`, 'v1', image)
})

test('images are fetched before they are pulled, and those that are not there are named', async () => {
  const cache = await scene.givenCache()
  const image = imageOf(70_000, 3000)
  await scene.push('team/early', 'v1', image)
  const path = `/projects/${cache}/proxy-cache/prefetches`
  expectAnswer(await call('POST', path, { images: ['UPPER'] }), 400, 'BAD_REQUEST')
  const id = await create(marina, path, marina.admin, { images: ['team/early:v1', 'team/early:none'] })
  const over = await scene.until(async () => {
    const now = expectAnswer(await call('GET', `${path}/${id}`), 200).json() as Prefetch
    assert.ok(['Success', 'Error'].includes(now.status), now.status)
    return now
  })
  assert.deepEqual(
    [over.status, over.done, over.images, over.failed.map(({ image: one }) => one)],
    ['Error', 1, 2, ['team/early:none']],
  )
  await scene.stored(cache, 'team/early', 'v1')
  const before = scene.asked.length
  await scene.pull(`${cache}/team/early`, 'v1', image)
  assert.equal(scene.asked.length, before)
})

type Prefetch = { status: string; done: number; images: number; failed: { image: string }[] }

test('what the next pull of a tag does is told: fixed by a pattern or a rule, fresh, or due', async () => {
  const cache = await scene.givenCache({ proxy_cache_fixed_tags: 'v*' })
  const image = imageOf(1000)
  for (const tag of ['v1', 'latest', 'held']) {
    await scene.push('team/app', tag, image)
    await scene.pull(`${cache}/team/app`, tag, image)
    await scene.stored(cache, 'team/app', tag)
  }
  const rule = {
    tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: 'held' }],
    scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
  }
  await create(marina, `/projects/${cache}/immutabletagrules`, marina.admin, rule)
  const freshness = async () => {
    const listed = expectAnswer(await call('GET', `/projects/${cache}/proxy-cache/tags`), 200).json()
    return (listed as { tag: string; freshness: string }[]).map((one) => `${one.tag} ${one.freshness}`)
  }
  assert.deepEqual(await freshness(), ['held fixed', 'latest fresh', 'v1 fixed'])
  expectAnswer(await call('POST', `/projects/${cache}/proxy-cache/refresh`, {}), 200)
  assert.deepEqual(await freshness(), ['held fixed', 'latest due', 'v1 fixed'])
})
