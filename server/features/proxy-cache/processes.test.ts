/** Several processes on one database and one storage, and what each sees of the downloads of the others. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { sql } from '../../platform/db/sql.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { removeLeftovers } from './leftovers.ts'
import { imageOf, openCacheScene } from './scene.suite.ts'

const scene = await openCacheScene()
const { marina, asked } = scene
const near = await scene.beside()
const { db } = marina.ground
const countOf = (pattern: RegExp) => asked.filter((line) => pattern.test(line)).length

test('clients of two processes cost the upstream one request for each blob', async () => {
  const cache = await scene.givenCache()
  const image = imageOf(3_000_000, 500_000, 100)
  await scene.push('team/two', 'v1', image)
  const pulls = Array.from({ length: 20 }, (_, at) =>
    scene.pull(`${cache}/team/two`, 'v1', image, { from: at % 2 === 0 ? marina : near }),
  )
  await Promise.all(pulls)
  for (const bytes of [image.config, ...image.layers]) assert.equal(countOf(new RegExp(`GET .*${digestOf(bytes)}`)), 1)
  await scene.stored(cache, 'team/two', 'v1')
  await eventually(async () => assert.deepEqual(await db.rows(sql`select from proxied_download`), []))
  await eventually(async () =>
    assert.deepEqual(await readdir(join(marina.config.server.dataDir, 'proxied')), [], 'no file is left'),
  )
})

test('a process that follows sends bytes before the other one has all of them', async () => {
  const cache = await scene.givenCache()
  const image = imageOf(2_000_000)
  await scene.push('team/early', 'v1', image)
  const path = `${cache}/team/early`
  for (const from of [marina, near]) expectAnswer(await scene.get(`${path}/manifests/v1`, { from }), 200)
  const digest = digestOf(image.layers[0]!)
  // The upstream sends half of the blob, and then nothing.
  scene.fault = (line) => (line.includes(digest) ? 'stuck body' : undefined)
  const first = scene.stream(marina.url, `/v2/${path}/blobs/${digest}`)
  await eventually(() => assert.ok(first.count() > 500_000, 'the first process has sent some'))
  const second = scene.stream(near.url, `/v2/${path}/blobs/${digest}`)
  await eventually(() => assert.ok(second.count() > 500_000, 'and the second one, too'))
  assert.ok(image.layers[0]!.subarray(0, second.count()).equals(second.bytes()))
  assert.equal(countOf(new RegExp(`GET .*${digest}`)), 1)
  scene.fault = undefined
  first.end()
  second.end()
})

test('the download of a process that has ended is taken over, its claim and its file are removed', async () => {
  const cache = await scene.givenCache()
  const image = imageOf(400_000)
  await scene.push('team/lost', 'v1', image)
  const path = `${cache}/team/lost`
  expectAnswer(await scene.get(`${path}/manifests/v1`), 200)
  const digest = digestOf(image.layers[0]!)
  const { id: projectId } = (await db.row<{ id: number }>(sql`select id from project where name = ${cache}`))!
  // As a process leaves it that was killed a minute ago.
  await db.run(sql`
    insert into proxied_download (repository, digest, project_id, owner, file, renewed_at)
    values (${path}, ${digest}, ${projectId}, gen_random_uuid(), '/nowhere', now() - interval '1 minute')`)
  const answer = expectAnswer(await scene.get(`${path}/blobs/${digest}`, { from: near }), 200)
  assert.ok(answer.body.equals(image.layers[0]!))
  const claims = sql`select from proxied_download where digest = ${digest}`
  await eventually(async () => assert.deepEqual(await db.rows(claims), []))
  assert.equal(await removeLeftovers(db, join(marina.config.server.dataDir, 'proxied')), 0, 'young files stay')
})

test('a claim that is lost before its first byte makes the waiting process fetch the blob itself', async () => {
  const cache = await scene.givenCache()
  const image = imageOf(300_000)
  await scene.push('team/again', 'v1', image)
  const path = `${cache}/team/again`
  expectAnswer(await scene.get(`${path}/manifests/v1`), 200)
  const digest = digestOf(image.layers[0]!)
  const { id: projectId } = (await db.row<{ id: number }>(sql`select id from project where name = ${cache}`))!
  await db.run(sql`
    insert into proxied_download (repository, digest, project_id, owner, file)
    values (${path}, ${digest}, ${projectId}, gen_random_uuid(), '/nowhere')`)
  const pulling = scene.get(`${path}/blobs/${digest}`)
  await db.run(sql`delete from proxied_download where digest = ${digest} and file = '/nowhere'`)
  assert.ok(expectAnswer(await pulling, 200).body.equals(image.layers[0]!))
})

test('a project fetches at most so many blobs at once, of all processes together', async () => {
  const cache = await scene.givenCache({ max_upstream_conn: '1' })
  const image = imageOf(300_000, 200_000)
  await scene.push('team/few', 'v1', image)
  const path = `${cache}/team/few`
  expectAnswer(await scene.get(`${path}/manifests/v1`), 200)
  const [one, two] = image.layers.map((bytes) => digestOf(bytes))
  scene.fault = (line) => (line.includes(one!) ? 'stuck body' : undefined)
  const first = scene.stream(marina.url, `/v2/${path}/blobs/${one}`)
  await eventually(() => assert.ok(first.count() > 0))
  expectAnswer(await scene.get(`${path}/blobs/${two}`, { from: near }), 429, 'TOOMANYREQUESTS')
  scene.fault = undefined
  first.end()
})
