import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rename, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { all, from, newKey } from './blobs.suite.ts'
import { StorageUnavailable, type Blobs, type Unsynced } from './blobs.ts'
import { isFsStore, openFsBlobs } from './fs.ts'

const bytes = Buffer.from('some bytes')
const lookFor = (key: string, wanted = bytes) => ({
  key,
  size: wanted.length,
  isRight: (found: Buffer) => found.equals(wanted),
})

describe('files that become durable later', () => {
  let root: string
  let blobs: Blobs
  let unsynced: Unsynced
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'marina-unsynced-'))
    blobs = await openFsBlobs({ root })
    unsynced = blobs.unsynced!
  })
  after(async () => {
    await blobs?.close()
    await rm(root, { recursive: true, force: true })
  })

  test('what is placed is a key like any other, and leaves no stage', async () => {
    const key = newKey()
    assert.equal(await unsynced.place(key, bytes), true)
    const found = await blobs.find(key)
    assert.equal(found?.size, bytes.length)
    assert.deepEqual(await all(blobs.read(key)), bytes)
    assert.deepEqual(await readdir(join(root, '.stages')), [])
    assert.equal((await blobs.find(key))?.version, found.version)
    assert.equal(await blobs.remove(key), true)
  })

  test('a key that exists is not replaced, and of many that place one key at once one does', async () => {
    const [old, key] = [newKey(), newKey()]
    await blobs.write(old, from([Buffer.from('old')]))
    assert.equal(await unsynced.place(old, bytes), false)
    assert.equal(String(await all(blobs.read(old))), 'old')
    const places = await Promise.all(Array.from({ length: 20 }, () => unsynced.place(key, bytes)))
    assert.equal(places.filter(Boolean).length, 1)
    assert.deepEqual(await all(blobs.read(key)), bytes)
    assert.deepEqual(await readdir(join(root, '.stages')), [])
  })

  test('several keys are placed at once, by a thread where they are many; one that exists stays as it is', async () => {
    for (const count of [3, 40]) {
      const old = newKey()
      await blobs.write(old, from([Buffer.from('old')]))
      const files = Array.from({ length: count }, (_, n) => ({ key: newKey(), bytes: Buffer.from(`bytes ${n}`) }))
      const results = await unsynced.placeAll([...files, { key: old, bytes }, files[0]!])
      assert.deepEqual(results.slice(0, count), Array(count).fill(true))
      assert.deepEqual(results.slice(count), [false, false])
      for (const { key, bytes: wanted } of files) assert.deepEqual(await all(blobs.read(key)), wanted)
      assert.equal(String(await all(blobs.read(old))), 'old')
      assert.deepEqual(await readdir(join(root, '.stages')), [])
    }
  })

  test('a file that the disk refuses is an error of its own', async () => {
    const prefix = newKey()
    await blobs.write(prefix, from([bytes]))
    for (const count of [1, 20]) {
      const files = Array.from({ length: count }, () => ({ key: newKey(), bytes }))
      const [refused, ...rest] = await unsynced.placeAll([{ key: `${prefix}/data`, bytes }, ...files])
      assert.ok(refused instanceof StorageUnavailable, String(refused))
      assert.match(refused.message, /storing /)
      assert.deepEqual(rest, Array(count).fill(true))
    }
  })

  test('a key is placed while removals of neighbours delete its folders as empty', async () => {
    const prefix = newKey()
    const keys = Array.from({ length: 50 }, (_, n) => `${prefix}/${n}/data`)
    await Promise.all(
      keys.map(async (key) => {
        assert.equal(await unsynced.place(key, bytes), true)
        assert.equal(await blobs.remove(key), true)
        assert.equal(await unsynced.place(key, bytes), true)
      }),
    )
    for (const key of keys) assert.deepEqual(await all(blobs.read(key)), bytes)
  })

  test('look and sync tell what is right from what is absent, short or of other bytes', async () => {
    const [right, short, other, absent] = [newKey(), newKey(), newKey(), newKey()]
    for (const key of [right, short, other]) await unsynced.place(key, bytes)
    await truncate(join(root, short), 3)
    const keys = [lookFor(right), lookFor(short), lookFor(other, Buffer.from('0ther byte')), lookFor(absent)]
    for (const ask of [unsynced.look, unsynced.sync])
      assert.deepEqual(await ask(keys), ['right', 'wrong', 'wrong', 'wrong'])
    assert.deepEqual(await unsynced.sync([]), [])
  })

  test('what cannot be read is an error of its own', async () => {
    const [folder, right] = [newKey(), newKey()]
    await mkdir(join(root, folder), { recursive: true })
    await unsynced.place(right, bytes)
    const { size } = await stat(join(root, folder))
    const [broken, found] = await unsynced.sync([{ ...lookFor(folder), size }, lookFor(right)])
    assert.ok(broken instanceof Error)
    assert.equal(found, 'right')
  })

  test('a store that is away is an error, never "absent"', async () => {
    const key = newKey()
    await unsynced.place(key, bytes)
    await rename(root, `${root}-away`)
    try {
      assert.equal(await isFsStore(root), false)
      for (const ask of [unsynced.look, unsynced.sync])
        await assert.rejects(ask([lookFor(key)]), { name: 'StorageUnavailable' })
      await assert.rejects(unsynced.place(newKey(), bytes), { name: 'StorageUnavailable' })
    } finally {
      await rename(`${root}-away`, root)
    }
    assert.equal(await isFsStore(root), true)
    assert.equal(await isFsStore(dirname(join(root, key))), false)
  })
})
