import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { create } from '../../testing/api.ts'
import type { Fault } from '../../testing/fault-proxy.ts'
import { fresh } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { imageOf, openCacheScene } from './scene.suite.ts'

const quick = { MARINA_ENDPOINT_BACK_OFF: '1ms', MARINA_PROXY_CACHE_WAIT: '400ms', MARINA_PROXY_CACHE_ASK: '2s' }
const scene = await openCacheScene({ ...quick, MARINA_PROXY_CACHE_FAILURES: '1000' })
const { marina } = scene

/** Each with an endpoint of its own: a refusal by 429 slows down all later calls of the same one. */
async function givenKept(metadata: Record<string, string> = {}) {
  scene.fault = undefined
  const body = { name: fresh('up'), type: 'docker-registry', url: scene.upstreamUrl }
  const endpoint = await create(marina, '/registries', marina.admin, body)
  const cache = await scene.givenCache(metadata, { registry_id: endpoint })
  const image = imageOf(90_000, 1000)
  const name = `team/${fresh('app')}`
  await scene.push(name, 'v1', image)
  await scene.pull(`${cache}/${name}`, 'v1', image)
  await scene.stored(cache, name, 'v1')
  return { cache, name, image, path: `${cache}/${name}`, endpoint }
}

const stale = /^299 - ".*could not be asked.*ago"$/

test('in any trouble of the upstream what is here is served with a warning, what is not gets an error', async () => {
  const troubles: [string, Fault, number][] = [
    ['500', { status: 500 }, 503],
    ['503', { status: 503 }, 503],
    ['429', { status: 429 }, 429],
    ['wrong credential', { status: 401 }, 404],
    ['forbidden', { status: 403 }, 404],
    ['reset', 'reset', 503],
    ['silence', 'silence', 503],
    ['cut', 'cut body', 503],
  ]
  for (const [what, fault, status] of troubles) {
    const { path, image, cache } = await givenKept({ proxy_cache_fresh_seconds: '0' })
    // A HEAD has no body that could be cut: there the HEAD gets through, and the tag is confirmed.
    const isConfirmed = fault === 'cut body'
    scene.fault = () => fault
    for (const ask of [scene.get, scene.head]) {
      const answer = expectAnswer(await ask(`${path}/manifests/v1`), 200)
      assert.equal(answer.headers['docker-content-digest'], image.digest, what)
      if (!isConfirmed) assert.match(String(answer.headers['warning']), stale, what)
    }
    for (const bytes of [image.config, ...image.layers]) {
      const answer = expectAnswer(await scene.get(`${path}/blobs/${digestOf(bytes)}`), 200)
      assert.ok(answer.body.equals(bytes))
    }
    const missing = await scene.get(`${cache}/team/other/manifests/v1`)
    assert.equal(missing.status, isConfirmed ? 404 : status, `${what}: ${missing.text}`)
  }
  scene.fault = undefined
})

test('a tag that has moved to a manifest which the upstream refuses to send stays what it was', async () => {
  const { path, name, image } = await givenKept({ proxy_cache_fresh_seconds: '0' })
  const newer = imageOf(100)
  await scene.push(name, 'v1', newer)
  scene.fault = (line) => (/GET .*manifests/.test(line) ? { status: 429 } : undefined)
  const answer = expectAnswer(await scene.get(`${path}/manifests/v1`), 200)
  assert.equal(answer.headers['docker-content-digest'], image.digest)
  assert.match(String(answer.headers['warning']), stale)
  scene.fault = undefined
  await eventually(async () => {
    const now = expectAnswer(await scene.get(`${path}/manifests/v1`), 200)
    assert.deepEqual([now.headers['docker-content-digest'], now.headers['warning']], [newer.digest, undefined])
  })
})

test('a tag is asked for again after its time, at each pull with 0, and never when it is fixed', async () => {
  const { path, name, image, cache } = await givenKept()
  const newer = imageOf(100)
  await scene.push(name, 'v1', newer)
  const digest = async () => (await scene.head(`${path}/manifests/v1`)).headers['docker-content-digest']
  assert.equal(await digest(), image.digest, 'within five minutes')
  const set = (metadata: Record<string, string>) =>
    scene.call('PUT', `/projects/${cache}`, { metadata }).then((answer) => expectAnswer(answer, 200))
  await set({ proxy_cache_fresh_seconds: '0', proxy_cache_fixed_tags: 'v*' })
  assert.equal(await digest(), image.digest, 'fixed')
  await set({ proxy_cache_fixed_tags: '' })
  assert.equal(await digest(), newer.digest)
  await scene.pull(path, 'v1', newer)
  await eventually(async () => {
    const artifact = (await scene.stored(cache, name, 'v1')) as { digest: string }
    assert.equal(artifact.digest, newer.digest, 'the tag moves here, too')
  })
})

test('a tag that a rule makes immutable is not asked for again', async () => {
  const { path, name, image, cache } = await givenKept({ proxy_cache_fresh_seconds: '0' })
  const tags = [{ kind: 'doublestar', decoration: 'matches', pattern: '**' }]
  const everywhere = { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] }
  const rule = { action: 'immutable', template: 'immutable_template', tag_selectors: tags, scope_selectors: everywhere }
  expectAnswer(await scene.call('POST', `/projects/${cache}/immutabletagrules`, rule), 201)
  await scene.push(name, 'v1', imageOf(100))
  const answer = expectAnswer(await scene.get(`${path}/manifests/v1`), 200)
  assert.equal(answer.headers['docker-content-digest'], image.digest)
})

test('what the upstream has deleted is kept, marked or deleted, as the project says', async () => {
  const gone: Fault = { status: 404, body: '' }
  const isGone = (line: string) =>
    /manifests\/v1/.test(line) ? { ...gone, body: '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}' } : undefined
  const kept = await givenKept({ proxy_cache_fresh_seconds: '0', proxy_cache_when_gone: 'keep' })
  const harbor = await givenKept({ proxy_cache_fresh_seconds: '0', proxy_cache_local_on_not_found: 'true' })
  const marked = await givenKept({ proxy_cache_fresh_seconds: '0' })
  const deleted = await givenKept({ proxy_cache_fresh_seconds: '0', proxy_cache_when_gone: 'delete' })
  scene.fault = isGone
  for (const { path, image } of [kept, harbor]) {
    const answer = expectAnswer(await scene.get(`${path}/manifests/v1`), 200)
    assert.equal(answer.headers['docker-content-digest'], image.digest)
    assert.match(String(answer.headers['warning']), /has this tag no more/)
  }
  for (const { path, image } of [marked, deleted]) {
    expectAnswer(await scene.get(`${path}/manifests/v1`), 404, 'MANIFEST_UNKNOWN')
    expectAnswer(await scene.get(`${path}/manifests/${image.digest}`), 200)
  }
  const tagsOf = async ({ cache, name }: typeof marked) => {
    const path = `/projects/${cache}/repositories/${encodeURIComponent(encodeURIComponent(name))}/artifacts`
    const [one] = expectAnswer(await scene.call('GET', `${path}?with_tag=true`), 200).json() as {
      tags: unknown[] | null
    }[]
    return one?.tags?.length ?? 0
  }
  assert.deepEqual([await tagsOf(marked), await tagsOf(deleted)], [1, 0])
  const listed = expectAnswer(await scene.call('GET', `/projects/${marked.cache}/proxy-cache/tags?gone=true`), 200)
  assert.equal((listed.json() as unknown[]).length, 1)
  scene.fault = undefined
  // It is there again.
  for (const { path, image } of [marked, deleted, kept]) {
    const answer = expectAnswer(await scene.get(`${path}/manifests/v1`), 200)
    assert.deepEqual([answer.headers['docker-content-digest'], answer.headers['warning']], [image.digest, undefined])
  }
})

test('404 of a portal in HTML is no deletion', async () => {
  const { path, image } = await givenKept({ proxy_cache_fresh_seconds: '0', proxy_cache_when_gone: 'delete' })
  scene.fault = () => ({ status: 404, body: '<html>', type: 'text/html' })
  const answer = expectAnswer(await scene.get(`${path}/manifests/v1`), 200)
  scene.fault = undefined
  assert.equal(answer.headers['docker-content-digest'], image.digest)
  assert.match(String(answer.headers['warning']), stale)
})

/** A cache whose upstream has just begun to reset all connections. */
async function givenBroken(pause: string) {
  const own = await openCacheScene({
    ...quick,
    MARINA_ENDPOINT_TRIES: '1',
    MARINA_PROXY_CACHE_FAILURES: '2',
    MARINA_PROXY_CACHE_PAUSE: pause,
  })
  const cache = await own.givenCache({ proxy_cache_fresh_seconds: '0' })
  const image = imageOf(1000)
  await own.push('team/app', 'v1', image)
  await own.pull(`${cache}/team/app`, 'v1', image)
  await own.stored(cache, 'team/app', 'v1')
  own.fault = () => 'reset'
  const warning = async () => {
    const answer = expectAnswer(await own.get(`${cache}/team/app/manifests/v1`), 200)
    return answer.headers['warning'] ?? ''
  }
  return { own, cache, warning }
}

test('an upstream that fails again and again is left alone for a while', async () => {
  const { own, cache, warning } = await givenBroken('10m')
  await eventually(async () => assert.match(await warning(), /paused/))
  const before = own.asked.length
  const refused = expectAnswer(await own.get(`${cache}/team/other/manifests/v1`), 503, 'UNAVAILABLE')
  assert.ok(Number(refused.headers['retry-after']) >= 1)
  for (let count = 0; count < 10; count++) assert.match(await warning(), /paused/)
  assert.equal(own.asked.length, before)
  type Shown = {
    project?: string
    is_paused: boolean
    trouble?: { message: string; time: string; paused_until?: string }
  }
  const shown = expectAnswer(await own.call('GET', `/projects/${cache}/proxy-cache`), 200).json() as Shown
  const listed = expectAnswer(await own.call('GET', `/system/proxy-caches?q=project=${cache}`), 200).json() as Shown[]
  assert.deepEqual(
    listed.map(({ project }) => project),
    [cache],
  )
  for (const one of [shown, listed[0]!]) {
    assert.equal(one.is_paused, true)
    assert.notEqual(one.trouble!.message, '')
    assert.ok(one.trouble!.paused_until! > one.trouble!.time)
  }
})

test('after the pause it is asked again, and what it says is served without a warning', async () => {
  const { own, warning } = await givenBroken('50ms')
  await eventually(async () => assert.match(await warning(), /could not be asked/))
  own.fault = undefined
  await eventually(async () => assert.equal(await warning(), ''))
})
