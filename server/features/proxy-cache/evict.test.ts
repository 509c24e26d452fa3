import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { sql } from '../../platform/db/sql.ts'
import { findCacheRules } from '../projects/index.ts'
import { findDisagreements } from '../../testing/given.ts'
import { evictAll } from './evict.ts'
import { imageOf, indexOf, openCacheScene, type Image } from './scene.suite.ts'

const scene = await openCacheScene()
const { marina } = scene
const { db, cache: memory } = marina.ground
const reader = { db, cache: memory }

/** As the sweep does, without the time for which pulled artifacts are safe. */
const evict = () =>
  evictAll(
    { db, gates: { untag: [] }, rulesOf: (id) => findCacheRules(reader, id), graceMs: 0 },
    new AbortController().signal,
  )

async function kept(cache: string, tag: string, image: Image): Promise<void> {
  await scene.push(`team/${tag}`, tag, image)
  await scene.pull(`${cache}/team/${tag}`, tag, image)
  await scene.stored(cache, `team/${tag}`, tag)
}

/** Waits until the pulls so far are written down, which would set the time again. */
async function setPulled(image: Image, ago: string): Promise<void> {
  await scene.until(async () => {
    const told = sql`
      select from outbox where topic = 'artifact.pulled' and payload ->> 'digest' = ${image.digest}`
    assert.ok((await db.rows(told)).length > 0, 'the pull is written down')
  })
  await db.run(sql`
    update artifact set pulled_at = now() - ${ago}::interval, pushed_at = now() - ${ago}::interval
    where digest = ${image.digest}`)
}
const isHere = async (image: Image) =>
  (await db.rows(sql`select from artifact where digest = ${image.digest}`)).length > 0

test('what was not pulled for longest is evicted down to the budget, and comes back with its next pull', async () => {
  const cache = await scene.givenCache({ proxy_cache_bytes: '450000' })
  const images = [imageOf(200_000), imageOf(200_000), imageOf(200_000)]
  for (const [at, image] of images.entries()) await kept(cache, `b${at}`, image)
  for (const [at, image] of images.entries()) await setPulled(image, `${30 - at} days`)
  await evict()
  assert.deepEqual(await Promise.all(images.map(isHere)), [false, true, true])
  // Not into the trash: its bytes are free.
  assert.deepEqual(await db.rows(sql`select from trash_artifact where digest = ${images[0]!.digest}`), [])
  const facts = await db.rows<{ reason: string }>(
    sql`select payload ->> 'reason' as reason from outbox where topic = 'proxy-cache.evicted'`,
  )
  assert.deepEqual(facts, [{ reason: 'budget' }])
  await scene.pull(`${cache}/team/b0`, 'b0', images[0]!)
  assert.deepEqual(await findDisagreements(marina, ['loss']), [])
})

test('what nobody pulled for so many days is evicted; the pull of a part keeps its index', async () => {
  const cache = await scene.givenCache({ proxy_cache_unpulled_days: '5' })
  const [amd, arm, old] = [imageOf(1000), imageOf(1001), imageOf(1002)]
  const index = indexOf(amd, arm)
  for (const [tag, image] of [
    ['amd', amd],
    ['arm', arm],
    ['all', index],
  ] as const)
    await scene.push('team/multi', tag, image)
  await scene.get(`${cache}/team/multi/manifests/all`)
  await scene.pull(`${cache}/team/multi`, amd.digest, amd)
  await scene.stored(cache, 'team/multi', 'all')
  await kept(cache, 'old', old)
  await setPulled(index, '9 days')
  await setPulled(amd, '1 day')
  await setPulled(old, '6 days')
  await evict()
  assert.deepEqual(await Promise.all([index, amd, old].map(isHere)), [true, true, false])
  await setPulled(amd, '8 days')
  await evict()
  assert.deepEqual(await Promise.all([index, amd].map(isHere)), [false, false])
})

test('nothing is evicted from a repository of which a blob is being fetched', async () => {
  const cache = await scene.givenCache({ proxy_cache_unpulled_days: '5' })
  const image = imageOf(1000)
  await kept(cache, 'busy', image)
  await setPulled(image, '9 days')
  const { id } = (await db.row<{ id: number }>(sql`select id from project where name = ${cache}`))!
  await db.run(sql`
    insert into proxied_download (repository, digest, project_id, owner, file)
    values (${`${cache}/team/busy`}, ${digestOf(Buffer.from('x'))}, ${id}, gen_random_uuid(), '/nowhere')`)
  await evict()
  assert.equal(await isHere(image), true)
  await db.run(sql`delete from proxied_download`)
  await evict()
  assert.equal(await isHere(image), false)
})
