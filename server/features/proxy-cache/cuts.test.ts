/** Downloads that end in the middle: processes that are killed, upstreams that go away. */
import assert from 'node:assert/strict'
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { startChild } from '../../testing/child.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { removeLeftovers } from './leftovers.ts'
import { givenLayer, openCacheScene } from './scene.suite.ts'

const quick = { MARINA_ENDPOINT_BACK_OFF: '1ms', MARINA_ENDPOINT_TRIES: '2', MARINA_PROXY_CACHE_FAILURES: '1000' }
const scene = await openCacheScene(quick)
const { marina } = scene
const { db } = marina.ground
const dir = join(marina.config.server.dataDir, 'proxied')

/** From which byte on the upstream was asked for this blob last. */
const resumedAt = (digest: string): number => {
  const asked = scene.heads.findLast(({ line }) => line.startsWith('GET') && line.includes(digest))
  return Number(/^bytes=(\d+)-$/.exec(asked?.headers.range ?? '')?.[1] ?? 0)
}

const isLeft = async (digest: string) =>
  (
    await db.rows(sql`
    select from proxied_download where digest = ${digest} and renewed_at < now() - interval '15 s'`)
  ).length === 1

test('kill -9 of the process that downloads: another one goes on at the byte that had arrived', async () => {
  const { cache, name, image, layer, digest, path } = await givenLayer(scene, 3_000_000)
  await using child = await startChild(marina, { MARINA_OUTBOUND_ALLOW: '127.0.0.1', ...quick })
  scene.fault = (line) => (line.includes(digest) ? 'stuck body' : undefined)
  const first = scene.stream(child.url, `/v2/${path}`)
  await eventually(() => assert.ok(first.count() > 1_000_000, 'the process has sent some'))
  // A client of this process, too, has bytes of that download.
  const second = scene.stream(marina.url, `/v2/${path}`)
  await eventually(() => assert.ok(second.count() > 1_000_000))
  await child.kill()
  await assert.rejects(first.over)
  scene.fault = undefined
  // As after the 15 seconds in which the claim of a dead process runs out.
  const late = sql`update proxied_download set renewed_at = now() - interval '20 s' where digest = ${digest}`
  assert.equal(await db.run(late), 1)
  await second.over
  assert.ok(second.bytes().equals(layer), 'its client goes on')
  assert.ok(expectAnswer(await scene.get(path), 200).body.equals(layer))
  const from = resumedAt(digest)
  assert.ok(from >= 1_000_000 && from < layer.length, `it went on at byte ${from}`)
  await scene.pull(`${cache}/${name}`, 'v1', image)
  await scene.stored(cache, name, 'v1')
  await eventually(async () => assert.equal((await db.rows(sql`select from proxied_download`)).length, 0))
})

test('an upstream that goes away in the middle: the next pull goes on where it stopped', async () => {
  const { layer, digest, path } = await givenLayer(scene, 3_000_000)
  let cuts = 0
  // Half of it comes; then the upstream is gone.
  scene.fault = (line) => (line.includes(digest) ? (++cuts === 1 ? 'cut body' : 'reset') : undefined)
  await assert.rejects(scene.get(path), 'the connection is cut')
  await eventually(async () => assert.ok(await isLeft(digest)))
  scene.fault = undefined
  assert.ok(expectAnswer(await scene.get(path), 200).body.equals(layer))
  const from = resumedAt(digest)
  assert.ok(from >= 1_000_000, `it went on at byte ${from}`)
})

test('wrong bytes of a download that was left are found, and the pull after that begins anew', async () => {
  const { layer, digest, path, cache, name } = await givenLayer(scene, 400_000)
  const { id: projectId } = (await db.row<{ id: number }>(sql`select id from project where name = ${cache}`))!
  const file = join(dir, 'left-by-nobody')
  await mkdir(dir, { recursive: true })
  await writeFile(file, Buffer.alloc(200_000))
  await db.run(sql`
    insert into proxied_download (repository, digest, project_id, owner, file, renewed_at)
    values (${`${cache}/${name}`}, ${digest}, ${projectId}, gen_random_uuid(), ${file}, now() - interval '1 minute')`)
  await assert.rejects(scene.get(path), 'it is cut before its last bytes')
  await eventually(async () => {
    const answer = await scene.get(path)
    assert.ok(expectAnswer(answer, 200).body.equals(layer))
  })
})

test('what nobody goes on with for an hour is removed', async () => {
  const { digest, path } = await givenLayer(scene, 2_000_000)
  let cuts = 0
  scene.fault = (line) => (line.includes(digest) ? (++cuts === 1 ? 'cut body' : 'reset') : undefined)
  await assert.rejects(scene.get(path))
  await eventually(async () => assert.ok(await isLeft(digest)))
  scene.fault = undefined
  const kept = (await readdir(dir)).length
  assert.ok(kept > 0)
  await removeLeftovers(db, dir)
  assert.equal((await readdir(dir)).length, kept)
  await db.run(sql`update proxied_download set renewed_at = now() - interval '2 hours'`)
  for (const one of await readdir(dir)) await utimes(join(dir, one), 0, 0)
  assert.equal(await removeLeftovers(db, dir), kept)
  assert.deepEqual(await readdir(dir), [])
})
