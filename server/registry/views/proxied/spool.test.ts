import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { after, test } from 'node:test'
import { openFileDigests } from '../../../platform/blobs/digests.ts'
import { openBlocks } from './blocks.ts'
import { streamOf } from './flow.ts'
import { heldBackBytes } from './spool-state.ts'
import { openSpool, type Spool } from './spool.ts'

const dir = await mkdtemp(join(tmpdir(), 'spool-'))
const digests = openFileDigests()
after(async () => {
  await digests.close()
  await rm(dir, { recursive: true, force: true })
})
let files = 0
const pool = openBlocks()
const open = (size: number, before?: string) =>
  openSpool(join(dir, String(++files)), size, { pool, digest: digests.start('sha256'), before })
const hexOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
/** A chunk with memory of its own, which the spool frees. */
const chunkOf = (bytes: Buffer) => Buffer.from(bytes)
const readAll = async (spool: Spool, start: number, end: number) =>
  Buffer.concat((await streamOf(spool, { start, end }, spool.hold()!).toArray()) as Buffer[])

/** Takes each chunk in its own time, and looks at it only then: a buffer that is used too early is found out. */
async function sendSlowly(spool: Spool, start: number, end: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  const to = new Writable({
    write(bytes: Buffer, _, done) {
      setTimeout(() => {
        chunks.push(Buffer.from(bytes))
        done()
      }, 2)
    },
  })
  await streamOf(spool, { start, end }, spool.hold()!).sendTo!(to)
  return Buffer.concat(chunks)
}

test('readers get every byte, at their own pace, from the file and from memory', async () => {
  const bytes = randomBytes(9_000_000)
  const spool = await open(bytes.length)
  const last = bytes.length - 1
  const crowd = Array.from({ length: 70 }, () => sendSlowly(spool, 0, last))
  const early = readAll(spool, 0, last)
  for (let at = 0; at < bytes.length; at += 70_001) await spool.write(chunkOf(bytes.subarray(at, at + 70_001)))
  await spool.finish((hex) => assert.equal(hex, hexOf(bytes)))
  // This one begins when the first bytes have left memory, and the file has lost its name.
  const late = readAll(spool, 1000, last - 1)
  await spool[Symbol.asyncDispose]()
  assert.deepEqual(await readdir(dir), [])
  assert.ok((await early).equals(bytes))
  assert.ok((await late).equals(bytes.subarray(1000, -1)))
  for (const one of crowd) assert.ok((await one).equals(bytes))
})

test('the last bytes wait until the digest is known; a failure reaches every reader instead of them', async () => {
  const bytes = randomBytes(heldBackBytes + 1000)
  const spool = await open(bytes.length)
  const release = spool.hold()!
  const got: Buffer[] = []
  const reading = spool.follow(0, bytes.length - 1, async (chunk) => void got.push(Buffer.from(chunk)))
  reading.catch(() => {})
  await spool.write(chunkOf(bytes))
  while (got.length === 0) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(Buffer.concat(got).length, 1000)
  const wrong = () => {
    throw new Error('another digest')
  }
  spool.fail(await spool.finish(wrong).catch((error: unknown) => error))
  await assert.rejects(reading, /another digest/)
  await assert.rejects(readAll(spool, 0, bytes.length - 1), /another digest/)
  assert.equal(Buffer.concat(got).length, 1000)
  release()
  await spool[Symbol.asyncDispose]()
})

test('a download that another process began goes on behind its bytes, and the digest is that of all', async () => {
  const bytes = randomBytes(6_000_000)
  const before = join(dir, 'before')
  await writeFile(before, bytes.subarray(0, 5_000_000))
  const spool = await open(bytes.length, before)
  assert.equal(spool.arrived(), 5_000_000)
  const reading = readAll(spool, 0, bytes.length - 1)
  await spool.write(chunkOf(bytes.subarray(5_000_000)))
  await spool.finish((hex) => assert.equal(hex, hexOf(bytes)))
  assert.ok((await reading).equals(bytes))
  // The other process may still be alive: its file is its own.
  assert.deepEqual(await readFile(before), bytes.subarray(0, 5_000_000))
  await spool[Symbol.asyncDispose]()
})

test('a file of another process that is gone, or longer than the blob, does no harm', async () => {
  const bytes = randomBytes(200_000)
  const gone = await open(bytes.length, join(dir, 'never'))
  assert.equal(gone.arrived(), 0)
  await gone[Symbol.asyncDispose]()
  const before = join(dir, 'longer')
  await writeFile(before, Buffer.concat([bytes, Buffer.alloc(1000)]))
  const longer = await open(bytes.length, before)
  assert.equal(longer.arrived(), bytes.length)
  await longer.finish((hex) => assert.equal(hex, hexOf(bytes)))
  assert.ok((await readAll(longer, 0, bytes.length - 1)).equals(bytes))
  await longer[Symbol.asyncDispose]()
})

test('more bytes than the blob has are refused', async () => {
  const spool = await open(10)
  assert.throws(() => spool.write(Buffer.alloc(11)), /more than the 10 bytes/)
  await spool[Symbol.asyncDispose]()
})

test('a reader that goes away lets go of the spool, also one that waits', async () => {
  const spool = await open(1_000_000)
  const released = Promise.withResolvers<void>()
  const stream = streamOf(spool, { start: 0, end: 999_999 }, () => released.resolve())
  stream.on('error', () => {})
  stream.resume()
  stream.destroy()
  await released.promise
  spool.fail(new Error('over'))
  await spool[Symbol.asyncDispose]()
})
