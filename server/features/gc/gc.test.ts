import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { after, before, beforeEach, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { digestOf, type Digest } from '../../../oci/digest.ts'
import { ociManifest } from '../../../oci/media-type.ts'
import { blobPath, rescueBytes } from '../../catalog/blob.ts'
import { countUsage } from '../../catalog/usage.ts'
import type { Project } from '../../catalog/project.ts'
import { StorageUnavailable, type Blobs } from '../../platform/blobs/blobs.ts'
import type { Tx } from '../../platform/db/db.ts'
import { Sql, sql } from '../../platform/db/sql.ts'
import {
  findDisagreements,
  fresh,
  givenProject,
  makeImage,
  pushBlob,
  pushImage,
  pushIndex,
  pushManifest,
  pushReferrer,
} from '../../testing/given.ts'
import { openRival, untilWaiting } from '../../testing/rival.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { setLimit } from '../quotas/index.ts'
import { collect, type CollectOptions, type Totals } from './index.ts'
import { openLines } from './lines.ts'
import { watchStore } from './store.ts'

suite('garbage collection', () => {
  let marina: TestMarina
  let project: Project
  let repository: string
  before(async () => void (marina = await openTestMarina({ MARINA_WORKERS: 'none' })))
  after(() => marina[Symbol.asyncDispose]())
  beforeEach(async () => {
    project = await givenProject(marina)
    repository = `${project.name}/${fresh('r')}`
    await run({ isUntaggedGarbage: true })
    await run()
  })

  const log: string[] = []
  const standard: CollectOptions = {
    delayMs: 0,
    keepMs: 0,
    isUntaggedGarbage: false,
    isDryRun: false,
    workers: 2,
    perSecond: 0,
    mayGoOn: () => true,
  }
  async function run(
    options: Partial<CollectOptions> = {},
    more: {
      signal?: AbortSignal
      blobs?: Blobs
      progress?: (told: { estimate: number; files: number }) => void
      keep?: (tx: Tx, done: { files: number }) => Promise<void>
    } = {},
  ): Promise<Totals> {
    log.length = 0
    const { db, blobs } = marina.ground
    return collect({
      db,
      blobs,
      gates: { untag: [] },
      by: { kind: 'system', id: null, name: 'test' },
      signal: new AbortController().signal,
      log: (line) => void log.push(line),
      progress: () => {},
      ...more,
      options: { ...standard, ...options },
    })
  }
  const del = async (path: string, status = 202) =>
    assert.equal((await marina.ask('DELETE', path, { as: marina.admin })).status, status)
  const deleteImage = (digest: Digest) => del(`/v2/${repository}/manifests/${digest}`)
  const hasBytes = async (digest: Digest) => (await marina.ground.blobs.find(blobPath(digest))) !== undefined
  const head = async (digest: Digest) =>
    (await marina.ask('HEAD', `/v2/${repository}/blobs/${digest}`, { as: marina.admin })).status
  const pull = async (reference: string) =>
    (await marina.ask('GET', `/v2/${repository}/manifests/${reference}`, { as: marina.admin })).status
  /** Makes all queue entries and the trash older by this many seconds. */
  const age = async (seconds: number) => {
    const { db } = marina.ground
    await db.run(sql`update unused_link set noted_at = noted_at - make_interval(secs => ${seconds})`)
    await db.run(sql`update released_link set released_at = released_at - make_interval(secs => ${seconds})`)
    await db.run(sql`update blob_candidate set noted_at = noted_at - make_interval(secs => ${seconds})`)
    await db.run(sql`update stray set noted_at = noted_at - make_interval(secs => ${seconds}) where noted_at > 'epoch'`)
    await db.run(sql`update trash set deleted_at = deleted_at - make_interval(secs => ${seconds})`)
    await db.run(sql`update trash_blob set deleted_at = deleted_at - make_interval(secs => ${seconds})`)
  }

  test('frees the bytes of a deleted image and leaves what another one shares with it', async () => {
    const shared = await pushBlob(marina, repository)
    const keeper = await pushImage(marina, repository, { tag: 'keep' })
    const gone = await pushImage(marina, repository, { tag: 'gone' })
    await deleteImage(gone.digest)
    const totals = await run()
    assert.equal(totals.blobs, 2)
    assert.equal(totals.files, 2)
    assert.ok(totals.freed > 200)
    for (const digest of [gone.config, ...gone.layers]) assert.equal(await hasBytes(digest), false)
    for (const digest of [keeper.config, ...keeper.layers, shared]) assert.equal(await hasBytes(digest), true)
    assert.equal(await pull('keep'), 200)
    assert.match(log.join('\n'), /delete the blob sha256:.* nobody holds it/)
  })

  test('leaves blobs alone that were deleted, unlinked or abandoned within the delay', async () => {
    const gone = await pushImage(marina, repository, { tag: 'gone' })
    await deleteImage(gone.digest)
    const unlinked = await pushBlob(marina, repository)
    await del(`/v2/${repository}/blobs/${unlinked}`)
    const given = await pushBlob(marina, repository)
    assert.deepEqual(await run({ delayMs: 3_600_000 }), {
      artifacts: 0,
      links: 0,
      blobs: 0,
      files: 0,
      freed: 0,
      failed: 0,
    })
    for (const digest of [gone.config, unlinked, given]) assert.equal(await hasBytes(digest), true)
    await age(3601)
    assert.equal((await run({ delayMs: 3_600_000 })).blobs, 3)
    assert.equal(await head(given), 404)
    await age(3601)
    assert.equal((await run({ delayMs: 3_600_000 })).blobs, 1)
    assert.deepEqual(await findDisagreements(marina), [])
  })

  test('F36: a push that found a blob by HEAD succeeds although the hold on it ended since', async () => {
    const image = makeImage()
    for (const bytes of image.blobs) await pushBlob(marina, repository, bytes)
    await run()
    const [config] = image.blobs
    assert.equal(await head(digestOf(config!)), 404)
    await pushManifest(marina, repository, image.content, ociManifest, { tag: 'late' })
    await run()
    await run()
    assert.equal(await pull('late'), 200)
    assert.deepEqual(await findDisagreements(marina), [])
  })

  test('an untagged artifact stays when it or its subject is pushed while a run is about to delete it', async () => {
    const { db } = marina.ground
    const [first, again] = [await pushImage(marina, repository), await pushImage(marina, repository)]
    const subject = makeImage()
    const note = await pushReferrer(marina, repository, {
      descriptor: { mediaType: ociManifest, digest: subject.digest, size: subject.content.length },
    })
    await using rival = await openRival(db, sql`select from artifact where digest = ${first.digest} for update`)
    const running = run({ isUntaggedGarbage: true })
    await untilWaiting(db)
    await pushManifest(marina, repository, again.content, again.mediaType)
    for (const bytes of subject.blobs) await pushBlob(marina, repository, bytes)
    await pushManifest(marina, repository, subject.content, ociManifest, { tag: 'subject' })
    await rival.commit()
    assert.equal((await running).artifacts, 1)
    assert.deepEqual([await pull(first.digest), await pull(again.digest), await pull(note.digest)], [404, 200, 200])
    await pushIndex(marina, repository, [again], { tag: 'index' })
    assert.deepEqual(await findDisagreements(marina, ['loss']), [])
  })

  test('frees quota with the delete, and usage equals a recount before and after', async () => {
    await marina.ground.db.transaction((tx) => setLimit(tx, project.id, 1_000_000))
    const used = async () =>
      (await marina.ground.db.row<{ used: number }>(
        sql`select used_storage as used from quota where project_id = ${project.id}`,
      ))!.used
    const image = await pushImage(marina, repository, { tag: 'one', layers: 3 })
    assert.ok((await used()) > 600)
    await deleteImage(image.digest)
    assert.equal(await used(), 0)
    assert.equal(await countUsage(marina.ground.db, project.id), 0)
    await run()
    assert.equal(await used(), 0)
  })

  test('F04: bytes of a push that was refused or died before it was recorded are removed after the delay', async () => {
    await marina.ground.db.transaction((tx) => setLimit(tx, project.id, 10))
    // Larger than a blob whose file is written after its record.
    const body = randomBytes(70_000)
    const path = `/v2/${repository}/blobs/uploads/?digest=${digestOf(body)}`
    const answer = await marina.ask('POST', path, { as: marina.admin, body })
    assert.equal(answer.status, 403)
    assert.match((await findDisagreements(marina, ['litter'])).join(), /belong to no blob/)
    await run({ delayMs: 60_000 })
    assert.equal((await findDisagreements(marina, ['litter'])).length, 1)
    assert.equal((await run()).files, 1)
    assert.deepEqual(await findDisagreements(marina), [])
  })

  test('bytes that a push rescued from a collection before it died are removed by the next one (F04)', async () => {
    const { db, blobs } = marina.ground
    const bytes = Buffer.from(fresh('saved in vain'))
    const digest = await pushBlob(marina, repository, bytes)
    await del(`/v2/${repository}/blobs/${digest}`)
    await run()
    await blobs.write(blobPath(digest), Readable.from([bytes]))
    assert.equal(await db.transaction((tx) => rescueBytes(tx, digest, () => hasBytes(digest))), true)
    await age(1)
    assert.equal((await run()).files, 1)
    assert.deepEqual(await findDisagreements(marina), [])
  })

  test('bytes that were removed can be pushed again, although the database remembers that they are gone', async () => {
    const bytes = fresh('the very same bytes')
    const digest = await pushBlob(marina, repository, bytes)
    for (let round = 0; round < 3; round++) {
      await del(`/v2/${repository}/blobs/${digest}`)
      await run()
      assert.equal(await hasBytes(digest), false)
      assert.equal(await head(digest), 404)
      await pushBlob(marina, repository, bytes)
      assert.equal(await head(digest), 200)
      assert.equal(await hasBytes(digest), true)
    }
  })

  test('a dry run logs what would be removed and why, and changes nothing', async () => {
    const gone = await pushImage(marina, repository, { tag: 'gone' })
    await deleteImage(gone.digest)
    const given = await pushBlob(marina, repository)
    const totals = await run({ isDryRun: true })
    assert.deepEqual({ ...totals, freed: 0 }, { artifacts: 0, links: 1, blobs: 2, files: 2, freed: 0, failed: 0 })
    assert.match(log.join('\n'), new RegExp(`would delete the blob ${gone.config}`))
    assert.match(log.join('\n'), new RegExp(`would end the hold of ${repository} on ${given}`))
    assert.equal(await head(given), 200)
    assert.equal(await hasBytes(gone.config), true)
    const { freed, files } = await run()
    assert.deepEqual([freed, files], [totals.freed, totals.files])
  })

  test('an error while looking for garbage ends the run, and nothing is removed (F20)', async () => {
    const gone = await pushImage(marina, repository, { tag: 'gone' })
    await deleteImage(gone.digest)
    await marina.ground.db.run(sql`alter table system_artifact rename to system_artifact_elsewhere`)
    try {
      await assert.rejects(run(), /system_artifact/)
    } finally {
      await marina.ground.db.run(sql`alter table system_artifact_elsewhere rename to system_artifact`)
    }
    assert.equal(await hasBytes(gone.config), true)
    assert.equal((await run()).blobs, 2)
  })

  test('if the check for holders were wrong, a foreign key would keep a live blob', async () => {
    const image = await pushImage(marina, repository, { tag: 'live' })
    const { db } = marina.ground
    await db.run(sql`insert into blob_candidate (blob_id) select id from blob where digest = ${image.config}`)
    const definition = (await db.row<{ text: string }>(
      sql`select pg_get_functiondef('is_blob_held'::regproc) as text`,
    ))!.text
    await db.run(
      sql`create or replace function is_blob_held(wanted bigint) returns boolean language sql stable as 'select false'`,
    )
    try {
      await assert.rejects(run(), /foreign key/)
    } finally {
      await db.run(new Sql('', definition, []))
    }
    assert.equal(await pull('live'), 200)
    assert.equal(await head(image.config), 200)
    await run()
  })

  test('a file that the storage refuses to remove counts as failed; the next run removes it', async () => {
    const { blobs } = marina.ground
    const [one, two] = [await pushBlob(marina, repository), await pushBlob(marina, repository)]
    for (const digest of [one, two]) await del(`/v2/${repository}/blobs/${digest}`)
    const stubborn: Blobs = {
      ...blobs,
      remove: (key) => (key === blobPath(one) ? Promise.reject(new Error('busy')) : blobs.remove(key)),
    }
    await assert.rejects(run({}, { blobs: stubborn }), /1 files could not be removed/)
    assert.deepEqual([await hasBytes(one), await hasBytes(two)], [true, false])
    await run()
    assert.equal(await hasBytes(one), false)
  })

  /** Makes deleted blobs without a manifest; returns their digests in the order in which a collection removes them. */
  const givenDead = async (count: number) => {
    const dead: Digest[] = []
    for (let made = 0; made < count; made++) dead.push(await pushBlob(marina, repository))
    for (const digest of dead) await del(`/v2/${repository}/blobs/${digest}`)
    return dead.sort()
  }
  const fileOf = (digest: Digest) => path.join(marina.config.storage.root!, blobPath(digest))

  test('a file that the disk refuses to remove stops no other one, and is removed once it can be', async () => {
    const [stuck, ...others] = await givenDead(25)
    const file = fileOf(stuck!)
    await rm(file)
    await mkdir(path.join(file, 'not empty'), { recursive: true })
    for (const workers of [1, 2])
      await assert.rejects(run({ workers }), /^Error: 1 files could not be removed; the next run tries again$/)
    assert.match(log.join('\n'), new RegExp(`the bytes of ${stuck} could not be removed: .*(EISDIR|EPERM)`))
    for (const digest of others) assert.equal(await hasBytes(digest), false)
    await rm(file, { recursive: true })
    await writeFile(file, 'its bytes')
    assert.equal((await run()).files, 1)
    assert.equal(await hasBytes(stuck!), false)
  })

  test('estimates a blob of several queues once, and reports progress after each group of files', async () => {
    await givenDead(30)
    const told: { estimate: number; files: number }[] = []
    await run({ workers: 1 }, { progress: (now) => told.push(now) })
    assert.deepEqual([...new Set(told.map(({ estimate }) => estimate))], [30])
    assert.deepEqual([...new Set(told.map(({ files }) => files))], [0, 10, 20, 30])
  })

  test('logs a limited number of things of each kind, and how many more there were', () => {
    const said: string[] = []
    const lines = openLines((line) => void said.push(line), 3)
    for (const kind of ['blobs', 'files'])
      for (let count = 0; count < (kind === 'blobs' ? 5 : 3); count++) lines.say(kind, `${kind} ${count}`)
    lines.rest()
    assert.deepEqual(said, ['blobs 0', 'blobs 1', 'blobs 2', 'files 0', 'files 1', 'files 2', '… and 2 more blobs'])
  })

  test('a store that fails as a whole ends the run at once, and nothing is removed after its end', async () => {
    await givenDead(60)
    const { blobs } = marina.ground
    const down = () => Promise.reject(new StorageUnavailable('the disk is gone'))
    const asked: string[] = []
    let underWay = 0
    let begin = () => {}
    const hasBegun = new Promise<void>((resolve) => (begin = resolve))
    // The first group fails while the second one is under way.
    const remove: Blobs['remove'] = async (key) => {
      if (asked.push(key) <= 10) return hasBegun.then(down)
      underWay++
      begin()
      await sleep(200)
      return blobs.remove(key).finally(() => underWay--)
    }
    await assert.rejects(run({ workers: 2 }, { blobs: { ...blobs, remove, check: down } }), /the disk is gone/)
    assert.deepEqual([underWay, asked.length], [0, 20])
    assert.equal((await run()).files, 50)
  })

  test('a store that passes its check but removes nothing ends the run after 1000 files in a row', async () => {
    const watch = watchStore(marina.ground.blobs)
    const ten = (went: number) =>
      watch(
        went,
        Array.from({ length: 10 - went }, () => new Error('not allowed')),
      )
    for (let group = 0; group < 99; group++) await ten(0)
    await ten(1)
    for (let group = 0; group < 99; group++) await ten(0)
    await assert.rejects(ten(0), /of 1000 files in a row none could be removed; the last one: not allowed/)
  })

  test('stops between steps when aborted or outside of its time window, and the next run goes on', async () => {
    for (let count = 0; count < 3; count++) await del(`/v2/${repository}/blobs/${await pushBlob(marina, repository)}`)
    await assert.rejects(run({}, { signal: AbortSignal.abort(new Error('stopped')) }), /stopped/)
    assert.equal((await run({ mayGoOn: () => false, begins: '22:00 UTC' })).blobs, 0)
    assert.match(log.join('\n'), /^outside of the time window nothing is collected: it begins at 22:00 UTC$/m)
    let steps = 0
    assert.equal((await run({ mayGoOn: () => steps++ < 2, begins: '22:00 UTC' })).blobs, 0)
    assert.match(
      log.join('\n'),
      /^the time window is over: the next run goes on from here once it begins again at 22:00 UTC$/m,
    )
    assert.equal((await run()).blobs, 3)
  })

  test('saves the counts of all workers with each group, so that they are right after a kill', async () => {
    await Promise.all(
      Array.from({ length: 60 }, async () => del(`/v2/${repository}/blobs/${await pushBlob(marina, repository)}`)),
    )
    const { started } = (await marina.ground.db.row<{ started: Date }>(sql`select clock_timestamp() as started`))!
    const kept: number[] = []
    await run(
      { workers: 4 },
      {
        async keep(tx, { files }) {
          // This transaction sees what it would commit and what the others have committed.
          const { gone } = (await tx.row<{ gone: number }>(
            sql`select count(*) as gone from stray where gone_at is not null and gone_at > ${started}`,
          ))!
          kept.push(files - gone)
          await sleep(20)
        },
      },
    )
    assert.ok(kept.length >= 6, String(kept.length))
    assert.deepEqual(
      kept.filter((difference) => difference !== 0),
      [],
    )
  })

  test('removes at most `perSecond` files per second', async () => {
    for (let count = 0; count < 25; count++) await del(`/v2/${repository}/blobs/${await pushBlob(marina, repository)}`)
    const started = performance.now()
    assert.equal((await run({ perSecond: 20, workers: 5 })).files, 25)
    assert.ok(performance.now() - started > 900)
  })

  test('removes at most `perSecond` files at once, also where that is less than a group', async () => {
    await givenDead(6)
    const { blobs } = marina.ground
    const started = performance.now()
    const after: number[] = []
    const remove: Blobs['remove'] = (key) => (after.push(performance.now() - started), blobs.remove(key))
    assert.equal((await run({ perSecond: 2, workers: 5 }, { blobs: { ...blobs, remove } })).files, 6)
    // Timers may fire a few milliseconds early.
    assert.ok(after[2]! > 990 && after[4]! > 1990, String(after))
  })

  suite('of artifacts without a tag', () => {
    const untagged = { isUntaggedGarbage: true }

    test('deletes them with their accessories, and their bytes in the same run', async () => {
      const lone = await pushImage(marina, repository)
      const note = await pushReferrer(marina, repository, lone)
      const tagged = await pushImage(marina, repository, { tag: 'one' })
      const totals = await run(untagged)
      assert.equal(await pull(lone.digest), 404)
      assert.equal(await pull(tagged.digest), 200)
      assert.ok(totals.artifacts >= 1)
      await run(untagged)
      assert.equal(await pull(note.digest), 404)
      assert.equal(await hasBytes(lone.config), false)
    })

    test('deletes an untagged subject and its signature, and keeps a referrer that has a tag of its own', async () => {
      const subject = await pushImage(marina, repository)
      await pushReferrer(marina, repository, subject, { tag: 'keep' })
      const signed = await pushImage(marina, repository)
      const signature = await pushImage(marina, repository, { tag: `sha256-${signed.digest.slice(7)}.sig` })
      await run(untagged)
      for (const { digest } of [subject, signed, signature]) assert.equal(await pull(digest), 404)
      assert.equal(await pull('keep'), 200)
    })

    test('keeps parts of an index, referrers of an existing artifact, and artifacts within the delay', async () => {
      const child = await pushImage(marina, repository)
      const index = await pushIndex(marina, repository, [child], { tag: 'all' })
      const note = await pushReferrer(marina, repository, index)
      await run(untagged)
      for (const one of [child, index, note]) assert.equal(await pull(one.digest), 200)
      const young = await pushImage(marina, repository)
      await run({ ...untagged, delayMs: 60_000 })
      assert.equal(await pull(young.digest), 200)
    })

    test('a dry run logs them and deletes none', async () => {
      const lone = await pushImage(marina, repository)
      assert.equal((await run({ ...untagged, isDryRun: true })).artifacts, 1)
      assert.match(log.join('\n'), new RegExp(`would delete the artifact ${repository}@${lone.digest}`))
      assert.equal(await pull(lone.digest), 200)
    })
  })

  test('a deleted artifact that can still be restored keeps its bytes', async () => {
    const gone = await pushImage(marina, repository, { tag: 'gone' })
    await deleteImage(gone.digest)
    await age(3600)
    assert.equal((await run({ keepMs: 7_200_000 })).blobs, 0)
    assert.equal(await hasBytes(gone.config), true)
    await age(3601)
    assert.equal((await run({ keepMs: 7_200_000 })).blobs, 2)
    assert.deepEqual(await findDisagreements(marina), [])
  })
})
