import { Readable, Transform, type Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import tar, { type Header } from 'tar-stream'
import { InventoryRefused, type Budget } from './bounds.ts'
import { openCatalog, type Catalog } from './catalog.ts'
import type { LayerInventory } from './layer-inventory.ts'
import type { Spool } from './spool.ts'

/** What an archive of few bytes may unpack to before its ratio counts, in bytes. */
const ratioFrom = 16 * 2 ** 20

/** The blocks of a tar, in bytes. */
const blockBytes = 512

/** The source of a layer failed: what the layer holds is not to blame. */
export class SourceFailed extends Error {
  override name = 'SourceFailed'
}

/**
 * Reads what a layer holds: a tar, plain or compressed by gzip or zstd (OCI Image Layer Specification). It streams
 * through memory; only files that tell of packages are kept, one at a time. Throws InventoryRefused beyond a bound, and
 * for what is no such archive; SourceFailed when the bytes cannot be had.
 */
export async function readLayer(source: AsyncIterable<Buffer>, budget: Budget, spool: Spool): Promise<LayerInventory> {
  const before = budget.used()
  const packed = { bytes: 0 }
  const { head, all } = await peek(counted(source, packed))
  const extract = tar.extract()
  const catalog = openCatalog(budget, spool)
  const unpacked = { bytes: 0 }
  let end = 0
  extract.on('entry', (header, stream, next) => {
    end = ((header as { byteOffset?: number }).byteOffset ?? 0) + (header.size ?? 0)
    visit(catalog, header, stream, next)
  })
  try {
    await pipeline([Readable.from(all), ...unpackers(head), bounded(budget, packed, unpacked), extract])
    // The blocks after the last file may be missing, but not a part of the file.
    if (end > unpacked.bytes) throw new Error('its last file is cut off')
  } catch (error) {
    if (error instanceof InventoryRefused || error instanceof SourceFailed) throw error
    throw new InventoryRefused(`a layer is no archive that can be read: ${(error as Error).message}`)
  }
  const after = budget.used()
  const used = {
    unpackedBytes: after.unpackedBytes - before.unpackedBytes,
    entries: after.entries - before.entries,
    packages: after.packages - before.packages,
  }
  return { ...catalog.close(), used }
}

type Content = Pick<NodeJS.EventEmitter, 'on'>

function visit(catalog: Catalog, header: Header, stream: Content, next: (error?: Error | null) => void): void {
  const safely = (work: () => void) => {
    try {
      work()
      return true
    } catch (error) {
      next(error as Error)
      return false
    }
  }
  let isGoing = safely(() => catalog.begin(header))
  if (!isGoing) return
  stream.on('data', (chunk: Buffer) => {
    if (isGoing) isGoing = safely(() => catalog.write(chunk))
  })
  stream.on('end', () => {
    if (isGoing && safely(() => catalog.end())) next()
  })
  // What ends the archive ends the pipeline, which says why.
  stream.on('error', () => {})
}

async function* counted(source: AsyncIterable<Buffer>, packed: { bytes: number }): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    packed.bytes += chunk.length
    yield chunk
  }
}

/** The first bytes, by which the compression is known whatever the media type says, and the whole again. */
async function peek(source: AsyncGenerator<Buffer>): Promise<{ head: Buffer; all: AsyncIterable<Buffer> }> {
  const first: Buffer[] = []
  let length = 0
  while (length < 4) {
    const { value, done } = await source.next()
    if (done) break
    first.push(value)
    length += value.length
  }
  const all = async function* () {
    yield* first
    yield* source
  }
  return { head: Buffer.concat(first).subarray(0, 4), all: all() }
}

function unpackers(head: Buffer): Duplex[] {
  if (head.length >= 2 && head.readUInt16BE(0) === 0x1f8b) return [createGunzip({ chunkSize: 128 * 1024 })]
  if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) return [createZstdDecompress({ chunkSize: 128 * 1024 })]
  return []
}

/**
 * Keeps the bounds, and fills up the last block: some tools end an archive with its last file, and other readers take
 * that.
 */
function bounded(budget: Budget, packed: { bytes: number }, unpacked: { bytes: number }): Transform {
  const { ratio } = budget.bounds
  return new Transform({
    transform(chunk: Buffer, _, next) {
      unpacked.bytes += chunk.length
      try {
        budget.unpack(chunk.length)
        if (unpacked.bytes > ratioFrom && unpacked.bytes > ratio * packed.bytes)
          throw new InventoryRefused(`a layer unpacks to more than ${ratio} times its size`)
        next(null, chunk)
      } catch (error) {
        next(error as Error)
      }
    },
    flush: (done) => done(null, Buffer.alloc((blockBytes - (unpacked.bytes % blockBytes)) % blockBytes)),
  })
}
