import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { blobPath } from '../../../catalog/blob.ts'
import { measureUnsynced } from '../../../catalog/unsynced.ts'
import { openMemoryBlobs } from '../../../platform/blobs/memory.ts'
import { findDisagreements, fresh } from '../../../testing/given.ts'
import { eventually } from '../../../testing/http.ts'
import { openBeside, openTestMarina } from '../../../testing/server.ts'
import { assertPulls, isUnsynced, never, push, type Pushed } from '../../../testing/unsynced.ts'
import { flushUnsynced, recoverUnsynced } from './flush.ts'

describe('what is bounded and switched off', () => {
  test('a blob larger than the setting, and any when it is 0, is synced before the answer', async () => {
    await using marina = await openTestMarina({ ...never, MARINA_STORAGE_UNSYNCED_LARGEST: '1000B' })
    await using off = await openBeside(marina, { ...never, MARINA_STORAGE_UNSYNCED_LARGEST: '0' })
    assert.ok(await isUnsynced(marina, (await push(marina, { bytes: randomBytes(1000) })).digest))
    for (const size of [1001, 70_000, 5_000_000]) {
      const large = await push(marina, { bytes: randomBytes(size) })
      assert.equal(await isUnsynced(marina, large.digest), false)
      await assertPulls(marina, large)
    }
    const small = await push(off)
    assert.equal(await isUnsynced(off, small.digest), false)
    await assertPulls(off, small)
  })

  test('beyond the bound pushes are synced before the answer, until rows are gone', async () => {
    await using marina = await openTestMarina({ ...never, MARINA_STORAGE_UNSYNCED_BYTES: '16KiB' })
    const repository = `library/${fresh('bound')}`
    const all: Pushed[] = []
    while ((await measureUnsynced(marina.ground.db)).blobs === all.length && all.length < 50)
      all.push(await push(marina, { repository }))
    assert.ok(all.length > 5 && all.length < 50, `${all.length} blobs`)
    for (const blob of all) await assertPulls(marina, blob)
    await flushUnsynced(marina.ground)
    await eventually(async () => assert.ok(await isUnsynced(marina, (await push(marina)).digest)))
  })

  test('an orderly end syncs the files', async () => {
    await using marina = await openTestMarina(never)
    const blob = await push(marina)
    {
      await using beside = await openBeside(marina, never)
      assert.ok(await isUnsynced(beside, blob.digest))
    }
    assert.equal(await isUnsynced(marina, blob.digest), false)
  })

  test('a start writes lost files again, and leaves those that are right to the next round', async () => {
    await using marina = await openTestMarina(never)
    const [lost, right] = [await push(marina), await push(marina)]
    await writeFile(lost.file, Buffer.alloc(500))
    assert.deepEqual(await recoverUnsynced(marina.ground), { synced: 0, healed: 1 })
    assert.equal(await isUnsynced(marina, lost.digest), false)
    assert.equal(await isUnsynced(marina, right.digest), true)
    assert.deepEqual(await findDisagreements(marina), [])
  })

  test('a start on another folder is refused while bytes wait in the database', async () => {
    await using marina = await openTestMarina(never)
    await push(marina)
    const root = join(marina.config.server.dataDir, 'elsewhere')
    await assert.rejects(openBeside(marina, { ...never, MARINA_STORAGE_ROOT: root }), {
      name: 'ConfigError',
      message: /elsewhere is not the folder .* mount its disk/,
    })
    await mkdir(join(root, '.stages'), { recursive: true })
    await using beside = await openBeside(marina, { ...never, MARINA_STORAGE_ROOT: root })
    assert.deepEqual(await findDisagreements(beside), [])
  })

  test('rows that are left when the bytes move to another storage are brought there by the next start', async () => {
    await using marina = await openTestMarina(never)
    const blob = await push(marina)
    const blobs = openMemoryBlobs()
    assert.equal(blobs.unsynced, undefined)
    assert.deepEqual(await recoverUnsynced({ db: marina.ground.db, blobs }), { synced: 0, healed: 1 })
    assert.equal((await blobs.find(blobPath(blob.digest)))?.size, 500)
    assert.equal(await isUnsynced(marina, blob.digest), false)
  })
})

describe('a disk that refuses', () => {
  test('rows stay, the error says how many files, and a file that could not be synced is written again', async () => {
    await using marina = await openTestMarina(never)
    const { db, blobs } = marina.ground
    const [blob, lost] = [await push(marina), await push(marina)]
    await rm(lost.file)
    const broken = {
      ...blobs,
      unsynced: { ...blobs.unsynced!, sync: async (keys: unknown[]) => keys.map(() => new Error('EIO')) },
      write: () => Promise.reject(new Error('the disk is broken')),
    }
    await assert.rejects(flushUnsynced({ db, blobs: broken }), /2 files could not be synced.*the disk is broken/)
    assert.equal((await measureUnsynced(db)).blobs, 2)
    for (const one of [blob, lost]) await assertPulls(marina, one)
    // The sync succeeds now. What it says of a file that it has refused before is not believed.
    assert.deepEqual(await flushUnsynced({ db, blobs }), { synced: 0, healed: 2 })
    for (const one of [blob, lost]) await assertPulls(marina, one)
    assert.equal((await measureUnsynced(db)).blobs, 0)
  })

  test('a storage folder that is away changes nothing', async () => {
    await using marina = await openTestMarina(never)
    const blob = await push(marina)
    const root = marina.config.storage.root!
    await rename(root, `${root}-away`)
    await assert.rejects(flushUnsynced(marina.ground), { name: 'StorageUnavailable' })
    assert.ok(await isUnsynced(marina, blob.digest))
    await rename(`${root}-away`, root)
    assert.deepEqual(await flushUnsynced(marina.ground), { synced: 1, healed: 0 })
  })
})
