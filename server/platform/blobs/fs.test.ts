import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { appendFile, mkdtemp, readdir, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Writable } from 'node:stream'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { all, appendAll, blobsSuite, from, keysOf, newKey, stagesOf, zeros } from './blobs.suite.ts'
import { BlobMissing, StorageUnavailable, type Blobs } from './blobs.ts'
import { fillUp } from './fs.test-child.ts'
import { openFsBlobs } from './fs.ts'

const run = promisify(execFile)
const child = join(import.meta.dirname, 'fs.test-child.ts')

blobsSuite('files', openStore)

describe('blobs in files when things go wrong', () => {
  test('a full disk is StorageUnavailable, leaves nothing behind, and needs no restart afterwards', async (t) => {
    await using folder = await openFolder()
    if (await mountSmall(folder.root)) {
      try {
        await fillUp(await openFsBlobs(folder))
      } finally {
        await run('umount', [folder.root])
      }
    } else {
      t.diagnostic('may not mount a small file system: a limit on the size of a file stands for it')
      await run('sh', ['-c', `ulimit -f 16384; exec "$0" "$@"`, process.execPath, child, 'full', folder.root])
    }
  })

  test('a file of the same file system is taken as it is; one of another file system stays where it is', async () => {
    await using folder = await openFolder()
    await using other = await openFolder()
    const [blobs, key, bytes] = [await openFsBlobs(folder), newKey(), randomBytes(100_000)]
    const file = join(folder.root, '.taken')
    await writeFile(file, bytes, { mode: 0o600 })
    assert.equal(await blobs.takeFile!(key, file), true)
    assert.deepEqual(await all(blobs.read(key)), bytes)
    assert.equal((await stat(join(folder.root, key))).mode & 0o777, 0o644)
    await assert.rejects(stat(file), { code: 'ENOENT' })
    await assert.rejects(blobs.takeFile!(newKey(), file), StorageUnavailable)
    // Where no file system may be mounted, the one of shared memory is another one.
    const isMounted = await mountSmall(other.root)
    const elsewhere = join(isMounted ? other.root : await mkdtemp('/dev/shm/marina-'), 'file')
    try {
      await writeFile(elsewhere, bytes)
      const second = newKey()
      assert.equal(await blobs.takeFile!(second, elsewhere), false)
      assert.equal(await blobs.find(second), undefined)
      assert.equal((await stat(elsewhere)).size, bytes.length)
    } finally {
      if (isMounted) await run('umount', [other.root])
      else await rm(dirname(elsewhere), { recursive: true })
    }
  })

  test('no file handles left is StorageUnavailable, never "absent"', async () => {
    await using folder = await openFolder()
    await run('sh', ['-c', `ulimit -n 64; exec "$0" "$@"`, process.execPath, child, 'handles', folder.root])
  })

  test('a process killed while writing leaves no key, and a stage that is listed and can be discarded', async () => {
    await using folder = await openFolder()
    const [blobs, key] = [await openFsBlobs(folder), newKey()]
    const writer = spawn(process.execPath, [child, 'killed', folder.root, key], { stdio: 'inherit' })
    while (!(await stagesOf(blobs)).some(({ stage }) => stage.size > 0)) await sleep(20)
    writer.kill('SIGKILL')
    await once(writer, 'exit')
    assert.deepEqual(await keysOf(blobs, ''), [])
    const left = await stagesOf(blobs)
    assert.equal(left.length, 1)
    for (const { stage } of left) await blobs.discard(stage)
    assert.deepEqual(await readdir(join(folder.root, '.stages')), [])
  })

  // The kernel refuses to sync /dev/null: a sync that fails after writes that succeeded.
  for (const [what, size] of [
    ['the closing', 10],
    ['an early', 40 * 1024 * 1024],
  ] as const) {
    test(`when ${what} sync fails the append has failed`, async () => {
      await using store = await openStore()
      const stage = store.blobs.stage(randomUUID())
      await symlink('/dev/null', join(store.root, '.stages', stage.id))
      const appended = await store.blobs.append(stage, zeros(size))
      assert.ok(appended.cut instanceof StorageUnavailable, String(appended.cut))
      assert.match(appended.cut.message, /sync/)
      assert.deepEqual(appended.stage, stage)
    })
  }

  test('a store whose disk is unmounted is StorageUnavailable, not empty', async () => {
    await using store = await openStore()
    const [{ blobs, root }, key] = [store, newKey()]
    await blobs.write(key, from([Buffer.from('x')]))
    await rename(root, `${root}-away`)
    const calls: (() => unknown)[] = [
      () => blobs.find(key),
      () => blobs.read(key),
      () => blobs.write(newKey(), from([])),
      () => blobs.remove(key),
      () => keysOf(blobs, ''),
      () => keysOf(blobs, 'suite'),
      () => stagesOf(blobs),
      () => blobs.append(blobs.stage(randomUUID()), from([])),
      () => blobs.check(),
    ]
    for (const call of calls) await assert.rejects(async () => call(), StorageUnavailable, String(call))
    await rename(`${root}-away`, root)
    assert.equal(String(await all(blobs.read(key))), 'x')
  })

  test('an append to a stage that lost bytes is refused', async () => {
    await using store = await openStore()
    const stage = await appendAll(store.blobs, store.blobs.stage(randomUUID()), from([Buffer.from('12345')]))
    await truncate(join(store.root, '.stages', stage.id), 3)
    await assert.rejects(store.blobs.append(stage, from([Buffer.from('6')])), BlobMissing)
    await assert.rejects(store.blobs.readStage(stage), BlobMissing)
    await assert.rejects(store.blobs.commit(stage, newKey()), BlobMissing)
    assert.deepEqual(await keysOf(store.blobs, ''), [])
  })

  test('bytes of an append that a crash cut short are dropped before the next one', async () => {
    await using store = await openStore()
    const [{ blobs, root }, key] = [store, newKey()]
    const stage = await appendAll(blobs, blobs.stage(randomUUID()), from([Buffer.from('whole ')]))
    await appendFile(join(root, '.stages', stage.id), 'half of someth')
    await blobs.commit(await appendAll(blobs, stage, from([Buffer.from('next')])), key)
    assert.equal(String(await all(blobs.read(key))), 'whole next')
  })

  test('a file that shrinks under a reader is an error, not an early end', async () => {
    await using store = await openStore()
    const key = newKey()
    await store.blobs.write(key, zeros(8 * 1024 * 1024))
    const stream = await store.blobs.read(key)
    await truncate(join(store.root, key), 5 * 1024 * 1024)
    await assert.rejects(all(Promise.resolve(stream)), StorageUnavailable)
  })

  test('sendTo sends the right bytes to a slow reader, and reuses no buffer that is still in use', async () => {
    await using store = await openStore()
    const [key, bytes] = [newKey(), randomBytes(3 * 1024 * 1024 + 17)]
    await store.blobs.write(key, from([bytes]))
    for (const [start, end] of [
      [0, bytes.length - 1],
      [1, 1],
      [700_000, 2_900_000],
    ] as const) {
      const taken: Buffer[] = []
      const slow = new Writable({
        highWaterMark: 1,
        write: (chunk: Buffer, _, done) => void setTimeout(() => done(void taken.push(Buffer.from(chunk))), 2),
      })
      const stream = await store.blobs.read(key, { start, end })
      await stream.sendTo!(slow)
      assert.ok(Buffer.concat(taken).equals(bytes.subarray(start, end + 1)))
      assert.ok(stream.destroyed)
    }
  })

  test('sendTo rejects when the other side goes away or the file shrinks, and leaves no file open', async () => {
    await using store = await openStore()
    const key = newKey()
    await store.blobs.write(key, zeros(8 * 1024 * 1024))
    const open = async () => (await readdir('/proc/self/fd')).length
    const before = await open()
    for (let round = 0; round < 20; round++) {
      // It never calls back: the bytes stay in flight until the stream ends.
      const stuck = new Writable({ write: () => void setTimeout(() => stuck.destroy(), 5) })
      await assert.rejects((await store.blobs.read(key)).sendTo!(stuck), /close/i)
      await assert.rejects((await store.blobs.read(key)).sendTo!(stuck), /close|destroyed/i)
    }
    const stream = await store.blobs.read(key)
    await truncate(join(store.root, key), 5 * 1024 * 1024)
    await assert.rejects(stream.sendTo!(new Writable({ write: (_, __, done) => done() })), StorageUnavailable)
    await sleep(50)
    assert.equal(await open(), before)
  })

  test('removing the last key of a folder removes the folder, never the root', async () => {
    await using store = await openStore()
    const key = newKey()
    await store.blobs.write(key, from([]))
    await store.blobs.remove(key)
    assert.deepEqual(await readdir(store.root), ['.stages'])
  })
})

async function openFolder(): Promise<{ root: string } & AsyncDisposable> {
  const root = await mkdtemp(join(tmpdir(), 'marina-blobs-'))
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) }
}

async function openStore(): Promise<
  { blobs: Blobs; root: string } & { [Symbol.asyncDispose]: () => PromiseLike<void> }
> {
  const folder = await openFolder()
  return { ...folder, blobs: await openFsBlobs(folder) }
}

/** Mounts a small file system; false unless this is root. */
async function mountSmall(root: string): Promise<boolean> {
  return run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', root]).then(
    () => true,
    () => false,
  )
}
