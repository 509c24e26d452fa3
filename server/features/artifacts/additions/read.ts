import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import tar from 'tar-stream'
import { Failure } from '../../../platform/http/failure.ts'

/**
 * The most bytes of a file that is shown, the most bytes that are unpacked, and the most entries that are read (X19: a
 * small archive may unpack to any size). Beyond them, reading throws BAD_REQUEST.
 */
export const limits = { shown: 1024 * 1024, unpacked: 128 * 1024 * 1024, entries: 20_000 }

const tooLarge = () => new Failure('BAD_REQUEST', 'the archive is too large to be looked into')

/** Reads a stream whole, at most `limit` bytes. Throws BAD_REQUEST. */
export async function readWhole(stream: AsyncIterable<unknown>, limit = limits.shown): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw new Failure('BAD_REQUEST', `the file is larger than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * Reads the first regular file of a tar whose name `isWanted`; undefined when there is none. The archive is streamed
 * through memory and never written anywhere, so names that climb out of a folder, links and devices do nothing (Q16).
 */
export async function readFromTar(
  bytes: Readable,
  isGzipped: boolean,
  isWanted: (name: string) => boolean,
): Promise<Buffer | undefined> {
  const extract = tar.extract()
  const done = new AbortController()
  const stages = isGzipped ? [createGunzip(), counting()] : [counting()]
  const flowing = pipeline([bytes, ...stages, extract], { signal: done.signal }).catch((error: unknown) =>
    extract.destroy(error instanceof Error ? error : undefined),
  )
  let entries = 0
  try {
    for await (const entry of extract) {
      if (++entries > limits.entries) throw tooLarge()
      if (entry.header.type === 'file' && isWanted(entry.header.name)) return await readWhole(entry)
      entry.resume()
    }
    return undefined
  } catch (error) {
    throw error instanceof Failure
      ? error
      : new Failure('BAD_REQUEST', 'the layer is not an archive that can be read', { cause: error })
  } finally {
    done.abort()
    await flowing
  }
}

function counting(): Transform {
  let size = 0
  return new Transform({
    transform(chunk: Buffer, _, next) {
      size += chunk.length
      if (size > limits.unpacked) next(tooLarge())
      else next(null, chunk)
    },
  })
}
