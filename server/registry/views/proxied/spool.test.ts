import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { heldBackBytes, openSpool } from './spool.ts'

const dir = await mkdtemp(join(tmpdir(), 'spool-'))
after(() => rm(dir, { recursive: true, force: true }))
let files = 0
const open = (size: number) => openSpool(join(dir, String(++files)), size)

async function readAll(bytes: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('readers get every byte, at their own pace, from the file and from memory', async () => {
  const bytes = randomBytes(9_000_000)
  const spool = await open(bytes.length)
  const release = [spool.hold(), spool.hold()]
  const early = readAll(spool.follow(0, bytes.length - 1))
  for (let at = 0; at < bytes.length; at += 70_001) await spool.write(bytes.subarray(at, at + 70_001))
  spool.finish()
  // This one begins when the first bytes have left memory, and the file has lost its name.
  await spool[Symbol.asyncDispose]()
  assert.deepEqual(await readdir(dir), [])
  const late = readAll(spool.follow(1000, bytes.length - 2))
  assert.ok((await early).equals(bytes))
  assert.ok((await late).equals(bytes.subarray(1000, -1)))
  for (const one of release) one()
})

test('the last bytes wait until the digest is known; a failure reaches every reader instead of them', async () => {
  const bytes = randomBytes(heldBackBytes + 1000)
  const spool = await open(bytes.length)
  const release = spool.hold()
  const got: Buffer[] = []
  const reading = (async () => {
    for await (const chunk of spool.follow(0, bytes.length - 1)) got.push(chunk)
  })()
  reading.catch(() => {})
  await spool.write(bytes)
  while (got.length === 0) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(Buffer.concat(got).length, 1000)
  spool.fail(new Error('another digest'))
  await assert.rejects(reading, /another digest/)
  await assert.rejects(readAll(spool.follow(0, bytes.length - 1)), /another digest/)
  assert.equal(Buffer.concat(got).length, 1000)
  release()
  await spool[Symbol.asyncDispose]()
})

test('more bytes than the blob has are refused', async () => {
  const spool = await open(10)
  await assert.rejects(spool.write(Buffer.alloc(11)), /more than the 10 bytes/)
  await spool[Symbol.asyncDispose]()
})
