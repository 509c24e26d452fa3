import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { digestOf } from '../../../../oci/digest.ts'
import { blobPath } from '../../../catalog/blob.ts'
import { dropUnsynced, healUnsynced, listUnsynced, measureUnsynced } from '../../../catalog/unsynced.ts'
import { sql } from '../../../platform/db/sql.ts'
import { collectAll } from '../../../testing/collect.ts'
import { findDisagreements, fresh } from '../../../testing/given.ts'
import { eventually, expectAnswer } from '../../../testing/http.ts'
import { openRival, untilWaiting } from '../../../testing/rival.ts'
import { openBeside, openTestMarina, type TestMarina } from '../../../testing/server.ts'
import {
  askBlob,
  assertPulls,
  isUnsynced,
  never,
  push,
  pushEarly,
  revisionOf,
  type Pushed,
} from '../../../testing/unsynced.ts'
import { flushUnsynced } from './flush.ts'
import { openLaterFiles } from './later.ts'

/** What a power cut may do to a file that was not synced. */
const harms: [what: string, harm: (file: string) => Promise<unknown>][] = [
  ['gone', (file) => rm(file)],
  ['gone with its folder', (file) => rm(dirname(file), { recursive: true })],
  ['empty', (file) => truncate(file, 0)],
  ['cut short', (file) => truncate(file, 100)],
  ['full of zeros', (file) => writeFile(file, Buffer.alloc(500))],
]

describe('small blobs whose files are not synced', () => {
  let marina: TestMarina
  /** It has verified nothing that the other one has written. */
  let beside: TestMarina
  before(async () => {
    marina = await openTestMarina(never)
    beside = await openBeside(marina, never)
  })
  after(async () => {
    await beside?.[Symbol.asyncDispose]()
    await marina[Symbol.asyncDispose]()
  })

  test('the bytes are in the database with the record, until the file is synced', async () => {
    const blob = await push(marina)
    assert.ok(await isUnsynced(marina, blob.digest))
    assert.equal((await marina.ground.blobs.find(blobPath(blob.digest)))?.size, 500)
    await assertPulls(marina, blob)
    assert.ok((await flushUnsynced(marina.ground)).synced > 0)
    assert.equal(await isUnsynced(marina, blob.digest), false)
    await assertPulls(marina, blob)
  })

  test('the empty blob, and several pushed at once, are kept each with its own bytes', async () => {
    const several = Array.from({ length: 20 }, (_, size) => ({ bytes: randomBytes(size && 10 + size) }))
    const repository = `library/${fresh('several')}`
    const all = await Promise.all(several.map(({ bytes }) => push(marina, { repository, bytes })))
    for (const blob of all) {
      assert.ok(await isUnsynced(marina, blob.digest))
      await rm(blob.file)
      assert.deepEqual(expectAnswer(await askBlob(marina, 'GET', blob), 200).body, blob.bytes)
    }
  })

  test('a wrong digest leaves neither a file nor bytes in the database', async () => {
    const before = await measureUnsynced(marina.ground.db)
    const digest = digestOf(randomBytes(10))
    const path = `/v2/library/${fresh('wrong')}/blobs/uploads/?digest=${digest}`
    expectAnswer(await marina.ask('POST', path, { as: marina.admin, body: randomBytes(10) }), 400, 'DIGEST_INVALID')
    assert.equal(await marina.ground.blobs.find(blobPath(digest)), undefined)
    assert.deepEqual(await measureUnsynced(marina.ground.db), before)
  })

  for (const [what, harm] of harms) {
    test(`F18: a file that is ${what} is read from the database, and written again`, async () => {
      const blob = await push(marina)
      await harm(blob.file)
      for (const process of [marina, beside]) await assertPulls(process, blob)
      assert.deepEqual(await findDisagreements(marina, ['loss']), [])
      assert.ok((await flushUnsynced(marina.ground)).healed > 0)
      assert.equal(await isUnsynced(marina, blob.digest), false)
      await assertPulls(marina, blob)
      assert.deepEqual(await findDisagreements(marina, ['loss']), [])
    })
  }

  test('a file that is lost while this process runs is read from the database', async () => {
    const blob = await push(marina)
    await rm(blob.file)
    await assertPulls(marina, blob)
    assert.deepEqual(await findDisagreements(marina, ['loss']), [])
    await truncate(await again(blob), 3)
    await assertPulls(marina, blob)

    async function again({ file }: Pushed): Promise<string> {
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, 'abcdef')
      return file
    }
  })

  test('the same bytes pushed again leave a right file as it is, and take the place of a damaged one', async () => {
    const blob = await push(marina)
    const versionNow = async () => (await marina.ground.blobs.find(blobPath(blob.digest)))?.version
    const version = await versionNow()
    await push(beside, { bytes: blob.bytes })
    await flushUnsynced(marina.ground)
    assert.equal(await versionNow(), version)
    await writeFile(blob.file, Buffer.alloc(blob.bytes.length))
    const other = await push(marina, { bytes: blob.bytes })
    await eventually(async () => assert.deepEqual(await readFile(blob.file), blob.bytes))
    for (const process of [marina, beside]) await assertPulls(process, other)
  })

  test('a blob is pulled before its file is written, by this process and by another', async () => {
    const repository = `library/${fresh('early')}`
    const all = Array.from({ length: 20 }, () => randomBytes(300))
    await Promise.all(
      all.map(async (bytes) => {
        const blob = await pushEarly(marina, { repository, bytes })
        for (const process of [marina, beside])
          assert.deepEqual(expectAnswer(await askBlob(process, 'GET', blob), 200).body, bytes)
      }),
    )
  })

  test('a row whose bytes were pushed again meanwhile stays for the next round', async () => {
    const blob = await push(marina)
    const [seen] = (await listUnsynced(marina.ground.db, { after: 0, olderMs: 0, limit: 10_000 })).filter(
      ({ digest }) => digest === blob.digest,
    )
    await rm(blob.file)
    await push(marina, blob)
    await dropUnsynced(marina.ground.db, [seen!])
    assert.ok((await revisionOf(marina, blob.digest))! > seen!.revision)
    await flushUnsynced(marina.ground)
    assert.equal(await isUnsynced(marina, blob.digest), false)
    await assertPulls(marina, blob)
  })

  test('two processes sync the same files at once', async () => {
    const repository = `library/${fresh('both')}`
    const all = await Promise.all(Array.from({ length: 30 }, (_, n) => push(n % 2 ? marina : beside, { repository })))
    for (const { file } of all.slice(0, 10)) await rm(file)
    await Promise.all([flushUnsynced(marina.ground), flushUnsynced(beside.ground)])
    await flushUnsynced(marina.ground)
    for (const blob of all) await assertPulls(marina, blob)
    assert.equal((await measureUnsynced(marina.ground.db)).blobs, 0)
  })
})

describe('files that are written after the answer', () => {
  test('a file whose blob was collected before it was written is noted for the next collection', async () => {
    await using marina = await openTestMarina(never)
    const { db, blobs } = marina.ground
    const bytes = randomBytes(100)
    const [digest, files] = [digestOf(bytes), openLaterFiles({ db, blobs })]
    files.follow(digest, bytes)
    assert.deepEqual(files.find(digest), bytes)
    await files.settle()
    assert.equal(files.find(digest), undefined)
    assert.equal((await blobs.find(blobPath(digest)))?.size, bytes.length)
    assert.ok(await db.row(sql`select digest from stray where digest = ${digest} and doomed_at is null`))
  })

  test('while the storage folder is away, what was taken is read, and the next push is refused', async () => {
    await using marina = await openTestMarina(never)
    const root = marina.config.storage.root!
    await push(marina)
    await rename(root, `${root}-away`)
    const blob = await pushEarly(marina)
    await eventually(async () => {
      const bytes = randomBytes(200)
      const path = `/v2/${blob.repository}/blobs/uploads/?digest=${digestOf(bytes)}`
      expectAnswer(await marina.ask('POST', path, { as: marina.admin, body: bytes }), 503, 'UNAVAILABLE')
    })
    await rename(`${root}-away`, root)
    await assertPulls(marina, blob)
    await flushUnsynced(marina.ground)
    assert.deepEqual(await findDisagreements(marina, ['loss']), [])
    await assertPulls(marina, blob)
  })
})

describe('collections beside files that are not synced', () => {
  test('a collected blob takes its bytes out of the database, and no round brings its file back', async () => {
    await using marina = await openTestMarina(never)
    const blob = await push(marina)
    expectAnswer(await askBlob(marina, 'DELETE', blob), 202)
    const [seen] = await listUnsynced(marina.ground.db, { after: 0, olderMs: 0, limit: 10 })
    await collectAll(marina)
    assert.equal(await isUnsynced(marina, blob.digest), false)
    assert.equal(await healUnsynced(marina.ground.db, seen!, () => assert.fail('written again')), false)
    assert.deepEqual(await flushUnsynced(marina.ground), { synced: 0, healed: 0 })
    assert.equal(await marina.ground.blobs.find(blobPath(blob.digest)), undefined)
    assert.deepEqual(await findDisagreements(marina), [])
    await assertPulls(marina, await push(marina, blob))
  })

  test('a collection waits for a file that is being written again, and then removes it', async () => {
    await using marina = await openTestMarina(never)
    const { db, blobs } = marina.ground
    const blob = await push(marina)
    await rm(blob.file)
    expectAnswer(await askBlob(marina, 'DELETE', blob), 202)
    const [seen] = await listUnsynced(db, { after: 0, olderMs: 0, limit: 10 })
    let collected: Promise<void> | undefined
    await healUnsynced(db, seen!, async (digest, bytes) => {
      collected = collectAll(marina)
      await untilWaiting(db)
      await blobs.unsynced!.place(blobPath(digest), bytes)
    })
    await collected
    assert.equal(await blobs.find(blobPath(blob.digest)), undefined)
    assert.deepEqual(await findDisagreements(marina), [])
  })

  test('a push waits for a row that is being deleted, and keeps its own', async () => {
    await using marina = await openTestMarina(never)
    const { db } = marina.ground
    const blob = await push(marina)
    const seen = (await revisionOf(marina, blob.digest))!
    await rm(blob.file)
    await using rival = await openRival(db, sql`delete from blob_unsynced`)
    const pushed = push(marina, blob)
    await untilWaiting(db)
    await rival.commit()
    await pushed
    assert.ok((await revisionOf(marina, blob.digest))! > seen)
  })
})
