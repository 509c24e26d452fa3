import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { digestOf, type Digest } from '../../oci/digest.ts'
import { OciError, type OciErrorCode } from '../../oci/errors.ts'
import { ociManifest } from '../../oci/media-type.ts'
import type { RepositoryName, Tag } from '../../oci/reference.ts'
import type { Maybe } from '../platform/maybe.ts'
import { makeImage } from '../testing/given.ts'
import type { Registry } from './registry.ts'

/**
 * What a registry of someone else's making may do in its own way. The suite then holds it to that way:
 * - `deletesTags: false`: deleting a tag alone is UNSUPPORTED.
 * - `resumesCutChunks: false`: an upload is over when bytes of a chunk that was cut arrived.
 * - `holdsBlobs: false`: a blob that a manifest needs can be deleted, and blobs stay when their manifest is deleted.
 * - `knowsNames: false`: a manifest of a repository that is not there is MANIFEST_UNKNOWN.
 */
type Ways = Partial<Record<'deletesTags' | 'resumesCutChunks' | 'holdsBlobs' | 'knowsNames', false>>

/** `project` exists and may be pushed to. */
export type OpenedRegistry = { registry: Registry; project: string; ways?: Ways } & AsyncDisposable

/** What every implementation of Registry must do. */
export function registrySuite(kind: string, open: () => Promise<OpenedRegistry>): void {
  describe(`registry: ${kind}`, () => {
    let opened: OpenedRegistry
    let registry: Registry
    const does = (way: keyof Ways) => opened.ways?.[way] !== false
    before(async () => {
      opened = await open()
      registry = opened.registry
    })
    after(() => opened?.[Symbol.asyncDispose]())

    let count = 0
    const by = { kind: 'user', id: 1, name: 'admin' } as const
    const newName = () => `${opened.project}/app${count++}` as RepositoryName
    const none = digestOf(Buffer.from('not there'))
    const tag = (text: string) => text as Tag
    const write = async (name: RepositoryName, bytes: Buffer): Promise<Digest> =>
      (await registry.writeBlob(name, by, digestOf(bytes), bytesOf(bytes))).digest
    const read = async (name: RepositoryName, digest: Digest, range?: { start: number; end: number }) =>
      (await registry.openBlob(name, digest, range)).toArray().then((chunks) => Buffer.concat(chunks as Buffer[]))
    const pushImage = async (name: RepositoryName, reference: string) => {
      const image = makeImage(1)
      for (const blob of image.blobs) await write(name, blob)
      await registry.writeManifest(name, by, {
        reference: { tag: tag(reference) },
        tags: [],
        contentType: ociManifest,
        content: image.content,
      })
      return image
    }
    const fails = (code: OciErrorCode, work: Maybe<unknown>) =>
      assert.rejects(
        async () => work,
        (error) => (assert.ok(error instanceof OciError, String(error)), assert.equal(error.code, code), true),
      )

    test('a blob written whole is read whole and in ranges', async () => {
      const [name, bytes] = [newName(), randomBytes(10_000)]
      const digest = await write(name, bytes)
      assert.equal((await registry.statBlob(name, digest)).size, bytes.length)
      assert.deepEqual(await read(name, digest), bytes)
      assert.deepEqual(await read(name, digest, { start: 10, end: 19 }), bytes.subarray(10, 20))
    })

    test('bytes with a wrong digest are refused, and there is no such blob', async () => {
      const name = newName()
      await fails('DIGEST_INVALID', registry.writeBlob(name, by, none, bytesOf(randomBytes(10))))
      await fails('BLOB_UNKNOWN', registry.statBlob(name, none))
    })

    test('an upload grows by chunks, tells its size, and ends in a blob', async () => {
      const [name, bytes] = [newName(), randomBytes(9000)]
      const { id } = await registry.startUpload(name, by, 'sha256')
      assert.equal((await registry.appendUpload(name, id, bytesOf(bytes.subarray(0, 4000)), 0)).size, 4000)
      await fails('RANGE_INVALID', registry.appendUpload(name, id, bytesOf(bytes), 10))
      assert.equal((await registry.findUpload(name, id)).size, 4000)
      await registry.finishUpload(name, id, by, digestOf(bytes), bytesOf(bytes.subarray(4000)), 4000)
      assert.deepEqual(await read(name, digestOf(bytes)), bytes)
      await fails('BLOB_UPLOAD_UNKNOWN', registry.findUpload(name, id))
    })

    test('a cut chunk keeps what arrived, and the upload goes on', async () => {
      const [name, bytes] = [newName(), randomBytes(9000)]
      const { id } = await registry.startUpload(name, by, 'sha256')
      await assert.rejects(registry.appendUpload(name, id, cut(bytes.subarray(0, 3000)), 0), /cut/)
      const { size } = await registry.findUpload(name, id).catch((error: unknown) => {
        if (does('resumesCutChunks')) throw error
        assert.ok(error instanceof OciError && error.code === 'BLOB_UPLOAD_UNKNOWN', String(error))
        return { size: undefined }
      })
      // Nothing says whether the bytes arrived before the cut, or will.
      if (size === undefined || !does('resumesCutChunks')) return assert.ok(size === undefined || size === 0)
      assert.ok(size <= 3000)
      await registry.finishUpload(name, id, by, digestOf(bytes), bytesOf(bytes.subarray(size)), size)
      assert.deepEqual(await read(name, digestOf(bytes)), bytes)
    })

    test('a wrong digest at the end, and a cancel, end an upload', async () => {
      const name = newName()
      const [wrong, cancelled] = [
        await registry.startUpload(name, by, 'sha256'),
        await registry.startUpload(name, by, 'sha256'),
      ]
      await registry.appendUpload(name, wrong.id, bytesOf(randomBytes(10)))
      await fails('DIGEST_INVALID', registry.finishUpload(name, wrong.id, by, none, bytesOf(Buffer.alloc(0))))
      await registry.cancelUpload(name, cancelled.id)
      for (const id of [wrong.id, cancelled.id, randomUUID()]) {
        await fails('BLOB_UPLOAD_UNKNOWN', registry.findUpload(name, id))
        await fails('BLOB_UPLOAD_UNKNOWN', registry.appendUpload(name, id, bytesOf(Buffer.from('x'))))
        await fails('BLOB_UPLOAD_UNKNOWN', registry.cancelUpload(name, id))
      }
    })

    test('a blob is mounted only from a repository that holds it', async () => {
      const [from, to] = [newName(), newName()]
      const digest = await write(from, randomBytes(10))
      assert.equal(await registry.mountBlob(to, by, from, none), false)
      assert.equal(await registry.mountBlob(to, by, newName(), digest), false)
      assert.equal(await registry.mountBlob(to, by, from, digest), true)
      assert.equal((await registry.statBlob(to, digest)).size, 10)
    })

    test('a manifest is read by tag and by digest, byte for byte', async () => {
      const name = newName()
      const image = await pushImage(name, 'v1')
      for (const reference of [{ tag: tag('v1') }, { digest: image.digest }]) {
        const found = await registry.readManifest(name, reference)
        assert.deepEqual(
          [found.digest, found.mediaType, Buffer.from(found.content)],
          [image.digest, ociManifest, image.content],
        )
        assert.deepEqual(await registry.statManifest(name, reference), {
          digest: image.digest,
          mediaType: ociManifest,
          size: image.content.length,
        })
      }
    })

    test('a manifest whose parts are missing, or that is pushed under a wrong digest, is refused', async () => {
      const name = newName()
      const image = makeImage(1)
      const push = (reference: { tag: Tag } | { digest: Digest }) =>
        registry.writeManifest(name, by, { reference, tags: [], contentType: ociManifest, content: image.content })
      await fails('MANIFEST_BLOB_UNKNOWN', push({ tag: tag('v1') }))
      for (const blob of image.blobs) await write(name, blob)
      await fails('DIGEST_INVALID', push({ digest: none }))
      await push({ tag: tag('v1') })
    })

    test('tags are listed in order, moved and deleted', async () => {
      const name = newName()
      const [, second] = [await pushImage(name, 'b'), await pushImage(name, 'a')]
      await registry.writeManifest(name, by, {
        reference: { digest: second.digest },
        tags: [tag('c'), tag('b')],
        contentType: ociManifest,
        content: second.content,
      })
      assert.deepEqual(await registry.listTags(name, { limit: 10, last: '' }), ['a', 'b', 'c'])
      assert.deepEqual(await registry.listTags(name, { limit: 1, last: 'a' }), ['b'])
      assert.equal((await registry.readManifest(name, { tag: tag('b') })).digest, second.digest)
      if (!does('deletesTags')) return fails('UNSUPPORTED', registry.deleteTag(name, by, tag('b')))
      await registry.deleteTag(name, by, tag('b'))
      await fails('MANIFEST_UNKNOWN', registry.readManifest(name, { tag: tag('b') }))
      await fails('MANIFEST_UNKNOWN', registry.statManifest(name, { tag: tag('b') }))
      await fails('MANIFEST_UNKNOWN', registry.deleteTag(name, by, tag('b')))
    })

    test('with a manifest its tags are deleted, and its blobs are no longer held', async () => {
      const name = newName()
      const image = await pushImage(name, 'v1')
      const config = digestOf(image.blobs[0]!)
      if (does('holdsBlobs')) await fails('UNSUPPORTED', registry.deleteBlob(name, by, config))
      await registry.deleteManifest(name, by, image.digest)
      await fails('MANIFEST_UNKNOWN', registry.readManifest(name, { tag: tag('v1') }))
      await fails('MANIFEST_UNKNOWN', registry.deleteManifest(name, by, image.digest))
      if (!does('holdsBlobs')) await registry.deleteBlob(name, by, config)
      await fails('BLOB_UNKNOWN', registry.statBlob(name, config))
      await fails('BLOB_UNKNOWN', registry.deleteBlob(name, by, config))
    })

    test('a blob that no manifest needs can be deleted, once', async () => {
      const name = newName()
      const digest = await write(name, Buffer.from(name))
      await registry.deleteBlob(name, by, digest)
      await fails('BLOB_UNKNOWN', registry.statBlob(name, digest))
      await fails('BLOB_UNKNOWN', registry.deleteBlob(name, by, digest))
    })

    test('referrers are listed by subject and type', async () => {
      const name = newName()
      const subject = await pushImage(name, 'v1')
      const referrer = makeImage(0, {
        artifactType: 'application/vnd.a',
        subject: { mediaType: ociManifest, digest: subject.digest, size: subject.content.length },
      })
      await write(name, referrer.blobs[0]!)
      const pushed = await registry.writeManifest(name, by, {
        reference: { digest: referrer.digest },
        tags: [],
        contentType: ociManifest,
        content: referrer.content,
      })
      assert.equal(pushed.subject, subject.digest)
      const list = async (artifactType?: string) =>
        (
          await registry.listReferrers(name, subject.digest, {
            limit: 10,
            last: '',
            ...(artifactType ? { artifactType } : {}),
          })
        ).map(({ digest }) => digest)
      assert.deepEqual(
        [await list(), await list('application/vnd.a'), await list('application/vnd.b')],
        [[referrer.digest], [referrer.digest], []],
      )
    })

    test('what was never pushed fails with the error code of its kind', async () => {
      const [empty, name] = [newName(), newName()]
      await pushImage(name, 'v1')
      await fails(
        does('knowsNames') ? 'NAME_UNKNOWN' : 'MANIFEST_UNKNOWN',
        registry.readManifest(empty, { tag: tag('v1') }),
      )
      await fails('NAME_UNKNOWN', registry.listTags(empty, { limit: 1, last: '' }))
      await fails('MANIFEST_UNKNOWN', registry.readManifest(name, { digest: none }))
      await fails('BLOB_UNKNOWN', registry.openBlob(name, none))
    })
  })
}

async function* bytesOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes
}

async function* cut(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes
  throw new Error('cut')
}
