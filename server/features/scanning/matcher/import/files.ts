import { createReadStream, createWriteStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform, type Duplex, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import tar from 'tar-stream'
import { Unreadable } from '../../inventory/bounds.ts'
import { onDisk } from '../../inventory/bytes.ts'
import { entriesOf, readEntry } from '../../inventory/zip.ts'
import { ImportRefused, type ImportBudget } from './bounds.ts'

/** A file of a database; `bytes` is a sentence instead where the file cannot be had. */
type SourceFile = { name: string; bytes: Buffer | string }

type Place = { path: string; name: string; folder: string; budget: ImportBudget }

/**
 * The files of a layer: those of a zip or tar, which may be compressed, or the layer itself. `folder`: where the bytes
 * are kept meanwhile; nothing is put there under a name that the source gives. Throws ImportRefused.
 */
export async function* filesOf(
  source: Readable,
  name: string,
  folder: string,
  budget: ImportBudget,
): AsyncGenerator<SourceFile> {
  const path = join(folder, 'layer')
  await pipeline(source, counted(budget), createWriteStream(path, { mode: 0o600 }))
  yield* readFileOf({ path, name, folder, budget }, 0)
}

async function* readFileOf(place: Place, depth: number): AsyncGenerator<SourceFile> {
  const { path, name, folder, budget } = place
  const head = await headOf(path)
  const unpacker = unpackerOf(head)
  if (head.readUInt32BE(0) === 0x504b0304) return yield* zipped(place)
  if (unpacker && depth === 0) {
    const unpacked = join(folder, 'unpacked')
    await pipeline(createReadStream(path), unpacker, counted(budget), createWriteStream(unpacked)).catch((error) => {
      throw error instanceof ImportRefused ? error : refusal(name, error as Error)
    })
    return yield* readFileOf({ ...place, path: unpacked }, depth + 1)
  }
  if (head.toString('latin1', 257, 262) === 'ustar') return yield* archived(place)
  const { size } = await stat(path)
  budget.enter()
  if (size > budget.fileBytes)
    throw new ImportRefused(`${name} has more than ${budget.fileBytes} bytes (MARINA_VULNDB_FILE)`)
  yield { name, bytes: Buffer.concat((await createReadStream(path).toArray()) as Buffer[]) }
}

/** What stands at the beginning of a file says what it is; 512 bytes, filled up by zeros. */
async function headOf(path: string): Promise<Buffer> {
  await using file = await open(path)
  const head = Buffer.alloc(512)
  await file.read(head, 0, head.length, 0)
  return head
}

function unpackerOf(head: Buffer): Duplex | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return createGunzip()
  return head.readUInt32LE(0) === 0xfd2fb528 ? createZstdDecompress() : undefined
}

function counted(budget: ImportBudget): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      try {
        budget.unpack(chunk.length)
        done(null, chunk)
      } catch (error) {
        done(error as Error)
      }
    },
  })
}

/** Files that may hold records; a folder has others, such as its license. */
const isWanted = (name: string) => /\.(?:json|ya?ml|csv)$/i.test(name)

async function* zipped({ path, name, budget }: Place): AsyncGenerator<SourceFile> {
  await using file = await open(path)
  const { size } = await file.stat()
  const archive = onDisk(file.fd, size)
  try {
    for (const entry of entriesOf(archive, budget)) {
      if (!isWanted(entry.name)) continue
      yield { name: entry.name, bytes: bytesOrWhy(() => readEntry(archive, entry, budget.fileBytes, budget)) }
    }
  } catch (error) {
    throw error instanceof Unreadable ? refusal(name, error) : error
  }
}

function bytesOrWhy(read: () => Buffer): Buffer | string {
  try {
    return read()
  } catch (error) {
    if (error instanceof Unreadable) return 'it cannot be unpacked, or is too large'
    throw error
  }
}

async function* archived({ path, name, budget }: Place): AsyncGenerator<SourceFile> {
  const extract = tar.extract()
  const fed = pipeline(createReadStream(path), extract)
  // Seen below: by then the loop has ended.
  fed.catch(() => {})
  try {
    for await (const entry of extract) {
      const { name: file, type, size } = entry.header
      budget.enter()
      if (type !== 'file' || !isWanted(file)) entry.resume()
      else if (size > budget.fileBytes) {
        entry.resume()
        yield { name: file, bytes: 'it cannot be unpacked, or is too large' }
      } else yield { name: file, bytes: await wholeOf(entry as AsyncIterable<Buffer>) }
    }
    await fed
  } catch (error) {
    throw error instanceof ImportRefused ? error : refusal(name, error as Error)
  }
}

async function wholeOf(entry: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of entry) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const refusal = (name: string, error: Error) =>
  new ImportRefused(`${name} is no archive that can be read: ${error.message}`, { cause: error })
