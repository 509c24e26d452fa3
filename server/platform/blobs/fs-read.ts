import type { FileHandle } from 'node:fs/promises'
import { Readable, type Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { StorageUnavailable, type BlobStream, type Look } from './blobs.ts'
import { freeNow } from './chunk.ts'
import { diskFailure } from './failures.ts'

/**
 * Streams `length` bytes of an open file from `position` on; closes the file at the end. A file that turns out to be
 * shorter is an error, never a silent end: the client was told the size before the first byte.
 */
export function streamFile(file: FileHandle, position: number, length: number, chunkBytes: number): BlobStream {
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
  return Object.assign(stream, { sendTo })

  async function pushNext() {
    try {
      stream.push(await readNext(Buffer.allocUnsafeSlow(Math.min(chunkBytes, end - at))))
    } catch (error) {
      stream.destroy(error as Error)
    }
  }

  /**
   * Uses two buffers in turn: one is filled while the other is sent. 512 MiB over loopback take a third of the time
   * that new buffers take, whose pages the kernel has to find and clear for every chunk.
   */
  async function sendTo(to: Writable, look?: Look): Promise<void> {
    const writer = openWriter(to)
    try {
      const size = Math.min(chunkBytes, length)
      const buffers: Buffer[] = []
      let written = Promise.resolve()
      for (let turn = 0; at < end; turn = 1 - turn) {
        const buffer = (buffers[turn] ??= Buffer.allocUnsafeSlow(size))
        const chunk = await readNext(buffer.subarray(0, end - at))
        look?.chunk(chunk)
        await written
        if (at === end) look?.last()
        written = writer.write(chunk)
        written.catch(() => undefined)
      }
      await written
      await writer.end()
      // All was sent, so nobody reads them any more; V8 would let hundreds of them pile up.
      for (const buffer of buffers) freeNow(buffer)
    } finally {
      stream.destroy()
    }
  }

  async function readNext(buffer: Buffer): Promise<Buffer> {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at).catch((error: unknown) => {
      throw diskFailure('reading stored bytes', error)
    })
    if (bytesRead === 0) throw new StorageUnavailable(`a stored file ended ${end - at} bytes early`)
    at += bytesRead
    return buffer.subarray(0, bytesRead)
  }
}

/** `write` resolves when the buffer can be used again, and rejects when the stream ends before. */
function openWriter(to: Writable): { write: (bytes: Buffer) => Promise<void>; end: () => Promise<void> } {
  let giveUp: (error: unknown) => void = () => {}
  const done = finished(to)
  done.catch((error: unknown) => giveUp(error))
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        giveUp = reject
        to.write(bytes, (error) => (error ? reject(error) : resolve()))
      }),
    end() {
      to.end()
      return done
    },
  }
}
