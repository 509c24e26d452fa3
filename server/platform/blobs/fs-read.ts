import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { StorageUnavailable } from './blobs.ts'
import { diskFailure } from './failures.ts'

/**
 * The `length` bytes of an open file from `position` on; closes the file at the end. A file that turns out shorter is an
 * error, never a silent end: the size was promised before the first byte.
 */
export function streamFile(file: FileHandle, position: number, length: number, chunkBytes: number): Readable {
  const end = position + length
  let at = position
  const stream = new Readable({
    highWaterMark: chunkBytes,
    read() {
      if (at === end) this.push(null)
      else void pushNext()
    },
  })
  stream.once('close', () => void file.close().catch(() => undefined)) // waits for a read under way
  return stream

  async function pushNext() {
    try {
      const chunk = await readChunk(file, at, Math.min(chunkBytes, end - at))
      if (chunk.length === 0) throw new StorageUnavailable(`a stored file ended ${end - at} bytes early`)
      at += chunk.length
      stream.push(chunk)
    } catch (error) {
      stream.destroy(diskFailure('reading stored bytes', error) as Error)
    }
  }
}

async function readChunk(file: FileHandle, position: number, size: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(size)
  const { bytesRead } = await file.read(buffer, 0, size, position)
  return buffer.subarray(0, bytesRead)
}
