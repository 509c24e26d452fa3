import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { Digest, DigestAlgorithm } from '../../../oci/digest.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import type { Actor } from '../../catalog/topics.ts'
import { fresh, givenProject } from '../../testing/given.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import type { Registry } from '../registry.ts'
import { openLocalRegistry } from './local.ts'

const by: Actor = { kind: 'user', id: 1, name: 'admin' }
const mebibyte = 2 ** 20

/** The digest of an upload in chunks comes with its bytes: how often are they read again from the store? */
describe('an upload in chunks', () => {
  let marina: TestMarina
  let project: string
  before(async () => {
    marina = await openTestMarina()
    project = (await givenProject(marina)).name
  })
  after(() => marina?.[Symbol.asyncDispose]())

  for (const algorithm of ['sha256', 'sha512'] as const) {
    test(`${algorithm}: no byte is read again when one process gets them all, also after a cut`, async () => {
      const [one, bytes] = [openProcess(), randomBytes(6 * mebibyte)]
      const { name, id } = await begin(one.registry, algorithm)
      await one.registry.appendUpload(name, id, chunks(bytes.subarray(0, mebibyte)), 0)
      await assert.rejects(one.registry.appendUpload(name, id, cut(bytes.subarray(mebibyte, 5 * mebibyte))), /cut/)
      const { size } = await one.registry.findUpload(name, id)
      await one.registry.appendUpload(name, id, chunks(bytes.subarray(size)), size)
      await finish(one.registry, name, id, bytes, algorithm)
      assert.equal(one.reads(), 0)
    })

    test(`${algorithm}: another process that goes on reads them again, once`, async () => {
      const [one, other, bytes] = [openProcess(), openProcess(), randomBytes(6 * mebibyte)]
      const { name, id } = await begin(one.registry, algorithm)
      await one.registry.appendUpload(name, id, chunks(bytes.subarray(0, 5 * mebibyte)), 0)
      await other.registry.appendUpload(name, id, chunks(bytes.subarray(5 * mebibyte)))
      await finish(other.registry, name, id, bytes, algorithm)
      assert.deepEqual([one.reads(), other.reads()], [0, 1])
    })

    test(`${algorithm}: a process does not use a digest that misses what another one stored`, async () => {
      const [one, other, bytes] = [openProcess(), openProcess(), randomBytes(6 * mebibyte)]
      const { name, id } = await begin(one.registry, algorithm)
      await one.registry.appendUpload(name, id, chunks(bytes.subarray(0, 5 * mebibyte)))
      await other.registry.appendUpload(name, id, chunks(bytes.subarray(5 * mebibyte)))
      await finish(one.registry, name, id, bytes, algorithm)
      assert.deepEqual([one.reads(), other.reads()], [1, 0])
    })
  }

  test('a digest of another algorithm than was announced is computed of the stored bytes', async () => {
    const [one, bytes] = [openProcess(), randomBytes(5 * mebibyte)]
    const { name, id } = await begin(one.registry, 'sha256')
    await one.registry.appendUpload(name, id, chunks(bytes))
    await finish(one.registry, name, id, bytes, 'sha512')
    assert.equal(one.reads(), 1)
  })

  /** Marina's registry as a process of its own has it, on the same database and files. */
  function openProcess(): { registry: Registry; reads(): number } {
    const { db, cache, blobs } = marina.ground
    let reads = 0
    const registry = openLocalRegistry({
      db,
      cache,
      blobs: { ...blobs, readStage: (stage) => (reads++, blobs.readStage(stage)) },
      gates: { push: [], untag: [] },
      describe: async () => ({ type: 'UNKNOWN', extraAttrs: {}, icon: undefined, accessory: undefined }),
    })
    return { registry, reads: () => reads }
  }

  async function begin(registry: Registry, algorithm: DigestAlgorithm) {
    const name = `${project}/${fresh('chunks')}` as RepositoryName
    return { name, id: (await registry.startUpload(name, by, algorithm)).id }
  }
})

async function finish(registry: Registry, name: RepositoryName, id: string, bytes: Buffer, algorithm: DigestAlgorithm) {
  const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest
  await registry.finishUpload(name, id, by, digest, chunks(Buffer.alloc(0)))
  const stored = await registry.openBlob(name, digest)
  assert.ok(Buffer.concat((await stored.toArray()) as Buffer[]).equals(bytes))
}

async function* chunks(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}

async function* cut(bytes: Buffer) {
  yield* chunks(bytes)
  throw new Error('the line was cut')
}
