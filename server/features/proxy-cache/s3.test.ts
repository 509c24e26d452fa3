/** A cache whose blobs are kept on an S3 server, which takes no files: it reads along while they come. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { sql } from '../../platform/db/sql.ts'
import { findDisagreements } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openS3Server, s3Settings } from '../../testing/s3.ts'
import { imageOf, openCacheScene } from './scene.suite.ts'

const server = await openS3Server()
after(() => server[Symbol.asyncDispose]())
const scene = await openCacheScene({
  ...s3Settings(server),
  MARINA_ENDPOINT_BACK_OFF: '1ms',
  MARINA_ENDPOINT_TRIES: '1',
  MARINA_PROXY_CACHE_FAILURES: '1000',
})

test('a first pull is served, stored on S3, and served from there', async () => {
  const cache = await scene.givenCache()
  // More than one part of a multipart upload.
  const image = imageOf(12 * 2 ** 20, 1000)
  await scene.push('team/s3', 'v1', image)
  await Promise.all(Array.from({ length: 3 }, () => scene.pull(`${cache}/team/s3`, 'v1', image)))
  await scene.stored(cache, 'team/s3', 'v1')
  const before = scene.asked.length
  await scene.pull(`${cache}/team/s3`, 'v1', image)
  assert.equal(scene.asked.length, before)
  const dir = join(scene.marina.config.server.dataDir, 'proxied')
  await eventually(async () => assert.deepEqual(await readdir(dir), []))
  assert.deepEqual(await findDisagreements(scene.marina, ['loss']), [])
})

test('a download that is cut is not stored, and the next pull goes on with it', async () => {
  const cache = await scene.givenCache()
  const image = imageOf(2_000_000)
  const [layer] = image.layers
  const digest = digestOf(layer!)
  await scene.push('team/cut', 'v1', image)
  expectAnswer(await scene.get(`${cache}/team/cut/manifests/v1`), 200)
  scene.fault = (line) => (line.includes(digest) ? 'cut body' : undefined)
  await assert.rejects(scene.get(`${cache}/team/cut/blobs/${digest}`))
  const { db } = scene.marina.ground
  assert.deepEqual(await db.rows(sql`select from blob where digest = ${digest}`), [])
  scene.fault = undefined
  await eventually(async () => {
    const answer = await scene.get(`${cache}/team/cut/blobs/${digest}`)
    assert.ok(expectAnswer(answer, 200).body.equals(layer!))
  })
  assert.deepEqual(await findDisagreements(scene.marina, ['loss']), [])
})
