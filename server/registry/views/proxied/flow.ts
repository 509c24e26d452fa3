import { Readable, type Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { BlobStream, ByteRange } from '../../../platform/blobs/blobs.ts'
import type { Flow } from './types.ts'

/** The bytes of a range as a stream. `release` is called once, when nobody reads it any more. */
export function streamOf(flow: Pick<Flow, 'follow'>, { start, end }: ByteRange, release: () => void): BlobStream {
  let [isBegun, goOn] = [false, () => {}]
  const stream = new Readable({
    highWaterMark: 2 ** 18,
    read() {
      if (isBegun) return goOn()
      isBegun = true
      void begin()
    },
    destroy(error, done) {
      goOn()
      done(error)
    },
  })
  stream.once('close', release)

  /** Copies, as the bytes are this reader's only until it asks for more. */
  async function begin() {
    try {
      await flow.follow(start, end, async (bytes) => {
        const isFull = !stream.push(Buffer.from(bytes))
        if (isFull) await new Promise<void>((resolve) => (goOn = resolve))
        if (stream.destroyed) throw new Error('the reader has gone')
      })
      stream.push(null)
    } catch (error) {
      stream.destroy(error as Error)
    }
  }

  /** Without a copy: what came is written as it is, as much at once as there is. */
  async function sendTo(to: Writable): Promise<void> {
    const writer = openWriter(to)
    try {
      await flow.follow(start, end, writer.write)
      await writer.end()
    } finally {
      stream.destroy()
    }
  }
  return Object.assign(stream, { sendTo })
}

/** `write` resolves when the bytes are sent, and rejects when the other side has gone. */
function openWriter(to: Writable) {
  const done = finished(to)
  let giveUp: (error: unknown) => void = () => {}
  done.catch((error: unknown) => giveUp(error))
  return {
    write: (bytes: Buffer): Promise<void> =>
      new Promise((resolve, reject) => {
        giveUp = reject
        to.write(bytes, (error) => (error ? reject(error) : resolve()))
      }),
    async end(): Promise<void> {
      to.end()
      await done
    },
  }
}
