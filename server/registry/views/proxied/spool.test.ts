import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { after, test } from 'node:test'
import { openBlocks } from './blocks.ts'
import { streamOf } from './flow.ts'
import { heldBackBytes, openSpool, type Spool } from './spool.ts'

const dir = await mkdtemp(join(tmpdir(), 'spool-'))
after(() => rm(dir, { recursive: true, force: true }))
let files = 0
const pool = openBlocks()
const open = (size: number) => openSpool(join(dir, String(++files)), size, pool)
const readAll = async (spool: Spool, start: number, end: number) =>
  Buffer.concat((await streamOf(spool, { start, end }, spool.hold()).toArray()) as Buffer[])

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
  await streamOf(spool, { start, end }, spool.hold()).sendTo!(to)
  return Buffer.concat(chunks)
}

test('readers get every byte, at their own pace, from the file and from memory', async () => {
  const bytes = randomBytes(9_000_000)
  const spool = await open(bytes.length)
  const last = bytes.length - 1
  const crowd = Array.from({ length: 70 }, () => sendSlowly(spool, 0, last))
  const early = readAll(spool, 0, last)
  for (let at = 0; at < bytes.length; at += 70_001) await spool.write(bytes.subarray(at, at + 70_001))
  await spool.finish()
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
  const release = spool.hold()
  const got: Buffer[] = []
  const reading = spool.follow(0, bytes.length - 1, async (chunk) => void got.push(Buffer.from(chunk)))
  reading.catch(() => {})
  await spool.write(bytes)
  while (got.length === 0) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(Buffer.concat(got).length, 1000)
  spool.fail(new Error('another digest'))
  await assert.rejects(reading, /another digest/)
  await assert.rejects(readAll(spool, 0, bytes.length - 1), /another digest/)
  assert.equal(Buffer.concat(got).length, 1000)
  release()
  await spool[Symbol.asyncDispose]()
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
