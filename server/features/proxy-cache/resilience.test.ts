/** Caches beside what else can go wrong: a dead upstream under a crowd, quotas, read-only mode, another Marina. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { sql } from '../../platform/db/sql.ts'
import { create } from '../../testing/api.ts'
import { fresh, givenProject, pushImage, pushReferrer } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { imageOf, openCacheScene } from './scene.suite.ts'

const scene = await openCacheScene({ MARINA_ENDPOINT_BACK_OFF: '1ms', MARINA_PROXY_CACHE_WAIT: '400ms' })
const { marina, call } = scene
const { db } = marina.ground

test('fifty clients that pull what is here notice nothing of an upstream that is dead', async () => {
  const cache = await scene.givenCache({ proxy_cache_fresh_seconds: '0' })
  const image = imageOf(100_000, 2000)
  await scene.push('team/app', 'v1', image)
  await scene.pull(`${cache}/team/app`, 'v1', image)
  await scene.stored(cache, 'team/app', 'v1')
  for (const fault of ['silence', 'reset'] as const) {
    scene.fault = () => fault
    await Promise.all(Array.from({ length: 50 }, () => scene.pull(`${cache}/team/app`, 'v1', image)))
  }
  scene.fault = undefined
  // Its pause would go on for the tests that follow.
  const body = { name: fresh('up'), type: 'docker-registry', url: scene.upstreamUrl }
  scene.endpoint = await create(marina, '/registries', marina.admin, body)
})

test('what a quota or read-only mode forbids to keep is still pulled', async () => {
  const cache = await scene.givenCache({}, { storage_limit: 1000 })
  const image = imageOf(50_000)
  await scene.push('team/big', 'v1', image)
  await scene.pull(`${cache}/team/big`, 'v1', image)
  await scene.pull(`${cache}/team/big`, 'v1', image)
  assert.deepEqual(await db.rows(sql`select from blob where digest = ${digestOf(image.layers[0]!)}`), [])
  const other = await scene.givenCache()
  expectAnswer(await call('PUT', '/configurations', { read_only: true }), 200)
  await scene.pull(`${other}/team/big`, 'v1', image)
  assert.deepEqual(await db.rows(sql`select from blob where digest = ${digestOf(image.layers[0]!)}`), [])
  expectAnswer(await call('PUT', '/configurations', { read_only: false }), 200)
  await scene.pull(`${other}/team/big`, 'v1', image)
  await scene.stored(other, 'team/big', 'v1')
})

test('another Marina is cached with a credential, and served without it when that is refused', async () => {
  const { name: project } = await givenProject(marina)
  const pushed = await pushImage(marina, `${project}/app`, { tag: 'v1', layers: 2 })
  const { name: key, password: secret } = marina.admin
  const credential = { type: 'basic', access_key: key, access_secret: secret }
  const body = { name: fresh('other'), type: 'harbor', url: marina.url, credential }
  const endpoint = await create(marina, '/registries', marina.admin, body)
  const metadata = { proxy_cache_fresh_seconds: '0', proxy_referrer_api: 'true' }
  const cache = await scene.givenCache(metadata, { registry_id: endpoint })
  const path = `${cache}/${project}/app`
  expectAnswer(await scene.get(`${path}/manifests/v1`), 200)
  for (const digest of [pushed.config, ...pushed.layers]) expectAnswer(await scene.get(`${path}/blobs/${digest}`), 200)
  await scene.stored(cache, `${project}/app`, 'v1')
  const referrer = await pushReferrer(marina, `${project}/app`, pushed)
  const listed = expectAnswer(await scene.get(`${path}/referrers/${pushed.digest}`), 200).json()
  assert.deepEqual(
    (listed as { manifests: { digest: string }[] }).manifests.map(({ digest }) => digest),
    [referrer.digest],
  )
  expectAnswer(await scene.get(`${path}/manifests/${referrer.digest}`), 200)
  // The secret is changed behind the API, which would try it first.
  await db.run(sql`
    update endpoint set version = version + 1, sealed_secret = null, credential_type = '', access_key = ''
    where id = ${endpoint}`)
  const stale = expectAnswer(await scene.get(`${path}/manifests/v1`), 200)
  assert.match(String(stale.headers['warning']), /could not be asked/)
  expectAnswer(await scene.get(`${cache}/${project}/none/manifests/v1`), 404, 'NAME_UNKNOWN')
})

test('the rights of a cache are those of any project', async () => {
  const cache = await scene.givenCache({ public: 'false' })
  const image = imageOf(100)
  await scene.push('team/closed', 'v1', image)
  const before = scene.asked.length
  const answer = await marina.ask('GET', `/v2/${cache}/team/closed/manifests/v1`)
  assert.equal(answer.status, 401)
  assert.match(String(answer.headers['www-authenticate']), new RegExp(`repository:${cache}/team/closed:pull`))
  assert.equal(scene.asked.length, before, 'nobody without the right makes Marina ask')
  expectAnswer(await call('PUT', `/projects/${cache}`, { metadata: { public: 'true' } }), 200)
  const token = await marina.token(undefined, `repository:${cache}/team/closed:pull`)
  const open = await marina.ask('GET', `/v2/${cache}/team/closed/manifests/v1`, { token })
  expectAnswer(open, 200)
})

test('pulls are counted on the artifact and on the tag, a HEAD of containerd, too', async () => {
  const cache = await scene.givenCache()
  const image = imageOf(100)
  await scene.push('team/counted', 'v1', image)
  await scene.pull(`${cache}/team/counted`, 'v1', image)
  await scene.stored(cache, 'team/counted', 'v1')
  const countOf = async () => {
    const rows = await db.rows<{ artifact: number; tag: number; isPulled: boolean }>(sql`
      select artifact.pull_count as artifact, tag.pull_count as tag,
        artifact.pulled_at is not null and tag.pulled_at is not null as "isPulled"
      from artifact join tag on tag.artifact_id = artifact.id where artifact.digest = ${image.digest}`)
    return rows[0]!
  }
  // Noted right after the artifact has become visible.
  await eventually(async () => assert.equal((await countOf()).isPulled, true, 'what was fetched counts as pulled'))
  const before = await countOf()
  expectAnswer(await scene.head(`${cache}/team/counted/manifests/v1`), 200)
  await eventually(async () => {
    const now = await countOf()
    assert.ok(now.artifact > before.artifact && now.tag > before.tag)
  })
})
