import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { freeNow } from '../blobs/chunk.ts'
import { failureOf } from './failures.ts'
import type { Silence } from './silence.ts'

/**
 * The body of an answer as a stream, received no faster than it is read. It fails with OutboundFailed. Destroying it
 * ends the connection, so that an endless answer does not go on.
 */
export class AnswerBody extends Readable {
  readonly #response: IncomingMessage
  readonly #silence: Silence

  constructor(method: string, response: IncomingMessage, silence: Silence, ending: AbortSignal) {
    // Room for several of the chunks in which Node reads a socket: a pause after each would cost more than the bytes.
    super({ highWaterMark: 512 * 1024 })
    this.#response = response
    this.#silence = silence
    const fail = (error: unknown) => this.destroy(failureOf(error, ending))
    response.on('data', (chunk: Buffer) => this.#take(chunk))
    response.on('end', () => {
      silence.stop()
      this.push(null)
    })
    response.on('error', fail)
    response.on('close', () => {
      if (!response.readableEnded) fail(new Error('closed before the end of the answer'))
    })
    // A reader gets the error; without one, a failure must not end the process.
    this.on('error', () => {})
    freeReads(response)
    // Without a body, the connection becomes free at once, even if the caller never reads the body.
    if (!isWithoutBody(method, response)) response.pause()
  }

  /** Lets the other side send until the buffer is full; its silence counts meanwhile. */
  override _read(): void {
    if (this.#response.readableEnded) return
    this.#silence.start()
    this.#response.resume()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#silence.stop()
    this.#response.destroy()
    done(error)
  }

  #take(chunk: Buffer): void {
    if (this.push(chunk)) return this.#silence.start()
    this.#silence.stop()
    this.#response.pause()
  }
}

/** RFC 9110, 6.4.1: an answer to HEAD, or with one of these statuses, has no body. */
function isWithoutBody(method: string, { statusCode, headers }: IncomingMessage): boolean {
  return method === 'HEAD' || statusCode === 204 || statusCode === 304 || headers['content-length'] === '0'
}

/**
 * Frees what was read from the socket as soon as it is parsed: the chunks of the answer are copies of it (a chunk that
 * is none keeps its memory). Of 200 MiB, reading took half the processor time and half the memory then.
 */
function freeReads(response: IncomingMessage): void {
  const { socket } = response
  let last: ArrayBufferLike | undefined
  const note = ({ buffer }: Buffer) => void (last = buffer)
  const freeRead = (read: Buffer) => {
    if (last && last !== read.buffer && response.readableLength === 0) freeNow(read)
  }
  response.on('data', note)
  socket.on('data', freeRead)
  response.once('close', () => socket.off('data', freeRead))
}
