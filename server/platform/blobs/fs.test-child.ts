import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { all, appendAll, from, inChunks, newKey, stagesOf, zeros } from './blobs.suite.ts'
import { BlobMissing, StorageUnavailable, type Blobs } from './blobs.ts'
import { openFsBlobs } from './fs.ts'

/** Scenes that need a process of their own: with little room, with few handles, or that is killed. */
const scenes: Record<string, (root: string, key: string) => Promise<void>> = {
  async full(root) {
    process.on('SIGXFSZ', () => undefined) // otherwise the limit on a file's size kills instead of failing the write
    await fillUp(await openFsBlobs({ root }))
  },

  async handles(root) {
    await useUpHandles(await openFsBlobs({ root }))
  },

  async killed(root, key) {
    const blobs = await openFsBlobs({ root })
    async function* endless() {
      while (true) {
        yield Buffer.alloc(1024 * 1024, 1)
        await sleep(10)
      }
    }
    await blobs.write(key, endless())
  },
}

/** Checks a store that has room for less than 16 MiB, in one file or in all. */
export async function fillUp(blobs: Blobs): Promise<void> {
  const [old, key] = [newKey(), newKey()]
  const oldBytes = 2 * 1024 * 1024
  await blobs.write(old, zeros(oldBytes))
  let stage = await appendAll(blobs, blobs.stage(randomUUID()), from([Buffer.from('kept ')]))

  await assert.rejects(blobs.write(key, zeros(16 * 1024 * 1024)), hasCause)
  assert.equal(await blobs.find(key), undefined)
  const overfull = await blobs.append(stage, zeros(16 * 1024 * 1024))
  assert.ok(hasCause(overfull.cut))
  assert.deepEqual(overfull.stage, stage)

  // The failed write left nothing, earlier keys are still there, and no restart is needed.
  assert.deepEqual(
    (await stagesOf(blobs)).map((found) => found.stage),
    [{ id: stage.id, size: 5 }],
  )
  assert.equal((await all(blobs.read(old))).length, oldBytes)
  stage = await appendAll(blobs, stage, from([Buffer.from('and resumed')]))
  await blobs.commit(stage, key)
  assert.equal(String(await all(blobs.read(key))), 'kept and resumed')
  // Removing the old bytes makes room: the store is healthy again.
  assert.equal(await blobs.remove(old), true)
  await blobs.check()
}

async function useUpHandles(blobs: Blobs): Promise<void> {
  const key = newKey()
  await blobs.write(key, inChunks(Buffer.alloc(100_000)))
  const readers: Readable[] = []
  const failure = await (async () => {
    for (;;) readers.push(await blobs.read(key))
  })().catch((error: unknown) => error)
  assert.ok(hasCause(failure), String(failure))
  assert.ok(readers.length > 5)
  await assert.rejects(blobs.write(newKey(), from([])), hasCause)
  await assert.rejects(blobs.check(), hasCause)
  assert.equal((await blobs.find(key))?.size, 100_000)

  for (const reader of readers) reader.destroy()
  await sleep(50)
  assert.equal((await all(blobs.read(key))).length, 100_000)
  await assert.rejects(blobs.read(newKey()), BlobMissing)
  await blobs.check()
}

function hasCause(error: unknown): boolean {
  return error instanceof StorageUnavailable && error.cause instanceof Error
}

if (import.meta.main) {
  const [name = '', root = '', key = ''] = process.argv.slice(2)
  await scenes[name]?.(root, key)
}
