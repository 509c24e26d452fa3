import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { blobPath } from '../../catalog/blob.ts'
import type { Blobs, ByteRange } from '../../platform/blobs/blobs.ts'
import { openFsBlobs } from '../../platform/blobs/fs.ts'
import { openVerifier } from './verify.ts'

const root = await mkdtemp(path.join(tmpdir(), 'small-blobs-'))
const files = await openFsBlobs({ root })
after(async () => {
  await files.close()
  await rm(root, { recursive: true })
})

/** The files of this test, which also count how often one is read. */
let fileReads = 0
const blobs = Object.create(files, {
  read: {
    value: (key: string, range?: ByteRange) => {
      fileReads++
      return files.read(key, range)
    },
  },
}) as Blobs

let made = 0

/** A verifier and a new blob that it trusts, as after a push. */
async function givenBlob(limits: { bytes: number; eachBytes: number }, length = 100) {
  const verifier = openVerifier(blobs, limits)
  const content = Buffer.alloc(length, `blob ${made++} `)
  const blob = { digest: digestOf(content), size: content.length }
  const key = blobPath(blob.digest)
  await blobs.write(key, Readable.from([content]))
  await verifier.trust(blob.digest)
  fileReads = 0
  const read = async (range?: ByteRange) => Buffer.concat(await (await verifier.read(blob, range)).toArray())
  return { blob, content, key, read, recall: () => verifier.recall(blob) }
}

const limits = { bytes: 10_000, eachBytes: 1000 }

test('a small blob is read from its file once; whole and in ranges it then comes from memory', async () => {
  const { content, read } = await givenBlob(limits)
  for (let time = 0; time < 3; time++) assert.deepEqual(await read(), content)
  assert.deepEqual(await read({ start: 5, end: 9 }), content.subarray(5, 10))
  assert.equal(fileReads, 1)
})

test('a blob that memory keeps is recalled without its file, for as long as its bytes are stored', async () => {
  const { content, key, read, recall } = await givenBlob(limits)
  assert.equal(await recall(), undefined)
  await read()
  for (let time = 0; time < 3; time++) assert.deepEqual(await recall(), content)
  assert.equal(fileReads, 1)
  await blobs.remove(key)
  await assert.rejects(recall(), { code: 'BLOB_UNKNOWN' })
  await blobs.write(key, Readable.from([content]))
  assert.equal(await recall(), undefined)
})

test('a blob that is larger than the largest to keep, or any without memory for them, is read each time', async () => {
  for (const [given, length] of [
    [limits, 1001],
    [{ bytes: 0, eachBytes: 1000 }, 100],
  ] as const) {
    const { content, read } = await givenBlob(given, length)
    for (let time = 0; time < 2; time++) assert.deepEqual(await read(), content)
    assert.equal(fileReads, 2)
  }
})

test('memory for small blobs is bounded: those that were not read for longest are read again', async () => {
  const verifier = openVerifier(blobs, limits)
  const all = await Promise.all(Array.from({ length: 40 }, () => givenBlob(limits, 400)))
  for (const { blob } of all) await verifier.trust(blob.digest)
  const readAll = async () => {
    for (const { blob } of all) await (await verifier.read(blob)).toArray()
  }
  await readAll()
  fileReads = 0
  await readAll()
  assert.equal(fileReads, all.length)
})

test('F17: a blob in memory whose bytes are gone from the store is unknown, and a push heals it', async () => {
  const { content, key, read } = await givenBlob(limits)
  await read()
  await blobs.remove(key)
  await assert.rejects(read(), { code: 'BLOB_UNKNOWN' })
  await blobs.write(key, Readable.from([content]))
  assert.deepEqual(await read(), content)
})

test('F16: a blob in memory whose bytes were altered in the store is not sent, and unknown from then on', async () => {
  const { content, key, read, recall } = await givenBlob(limits)
  await read()
  const { version } = (await blobs.find(key))!
  // Again until the file's time has moved: some kernels count it in steps of milliseconds.
  while ((await blobs.find(key))!.version === version)
    await writeFile(path.join(root, key), Buffer.alloc(content.length, 'x'))
  assert.equal(await recall(), undefined)
  await assert.rejects(read(), /were altered/)
  await assert.rejects(recall(), { code: 'BLOB_UNKNOWN' })
  await assert.rejects(read(), { code: 'BLOB_UNKNOWN' })
})

test('F18: a lost file that is written again while the database is asked for its bytes is found', async () => {
  const content = Buffer.from(`blob ${made++}`)
  const blob = { digest: digestOf(content), size: content.length }
  const heal = async () => void (await blobs.write(blobPath(blob.digest), Readable.from([content])))
  const verifier = openVerifier(blobs, limits, () => heal().then(() => undefined))
  assert.deepEqual(Buffer.concat(await (await verifier.read(blob)).toArray()), content)
})
