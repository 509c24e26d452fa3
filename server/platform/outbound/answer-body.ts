import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { freeNow } from '../blobs/chunk.ts'
import { failureOf } from './failures.ts'
import { lineOf, type Sink } from './line.ts'
import type { Silence } from './silence.ts'

/**
 * The body of an answer as a stream, received no faster than it is read. It fails with OutboundFailed. Destroying it
 * ends the connection, so that an endless answer does not go on.
 */
export class AnswerBody extends Readable {
  readonly #response: IncomingMessage
  readonly #silence: Silence
  /** Of the whole body, in bytes; NaN where the other side does not say. */
  readonly #length: number
  #received = 0
  #sink: Sink | undefined
  /** Promises of the sink for which reading waits. */
  #waits = 0

  constructor(method: string, response: IncomingMessage, silence: Silence, ending: AbortSignal) {
    // Room for several of the chunks in which Node reads a socket: a pause after each would cost more than the bytes.
    super({ highWaterMark: 512 * 1024 })
    this.#response = response
    this.#silence = silence
    this.#length = lengthOf(response)
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

  /**
   * Lets the body go straight into a sink, without copies and chunks, as far as it can: the first and the last bytes,
   * and all of a body whose length is not known, come as chunks. Each byte comes once, in order, either way.
   */
  fill(sink: Sink): void {
    this.#sink = sink
  }

  #take(chunk: Buffer): void {
    this.#received += chunk.length
    if (this.push(chunk)) this.#silence.start()
    else {
      this.#silence.stop()
      this.#response.pause()
    }
    if (this.#sink) this.#divert(this.#sink)
  }

  /** Once the reader has all that came as chunks, what is read next may go into the sink. */
  #divert(sink: Sink): void {
    const { socket, readableLength } = this.#response
    const left = this.#length - this.#received
    const isUseful = left >= leastDiverted && left <= sink.left()
    if (!isUseful || readableLength > 0 || this.readableLength > 0 || this.isPaused()) return
    lineOf(socket)?.divert(socket, { left, sink, took: (bytes) => this.#took(sink, bytes) })
  }

  /** Returns whether to read on. */
  #took(sink: Sink, bytes: Buffer): boolean {
    this.#received += bytes.length
    this.#silence.start()
    try {
      const waiting = sink.filled(bytes)
      if (waiting) this.#waitFor(waiting)
    } catch (error) {
      this.destroy(error as Error)
    }
    return this.#waits === 0
  }

  #waitFor(waiting: Promise<void>): void {
    this.#waits++
    this.#silence.stop()
    const goOn = () => {
      if (--this.#waits > 0 || this.destroyed) return
      this.#silence.start()
      this.#response.socket.resume()
    }
    waiting.then(goOn, (error: unknown) => this.destroy(error as Error))
  }
}

/** A shorter rest of a body comes as chunks. */
const leastDiverted = 64 * 1024

function lengthOf({ headers }: IncomingMessage): number {
  const isKnown = headers['transfer-encoding'] === undefined && /^\d{1,15}$/.test(headers['content-length'] ?? '')
  return isKnown ? Number(headers['content-length']) : NaN
}

/** RFC 9110, 6.4.1: an answer to HEAD, or with one of these statuses, has no body. */
function isWithoutBody(method: string, { statusCode, headers }: IncomingMessage): boolean {
  return method === 'HEAD' || statusCode === 204 || statusCode === 304 || headers['content-length'] === '0'
}

/**
 * Frees what was read from a socket without a line as soon as it is parsed: the chunks of the answer are copies of it
 * (a chunk that is none keeps its memory). Of 200 MiB, reading took half the processor time and half the memory then.
 */
function freeReads(response: IncomingMessage): void {
  const { socket } = response
  if (lineOf(socket)) return
  let last: ArrayBufferLike | undefined
  const note = ({ buffer }: Buffer) => void (last = buffer)
  const freeRead = (read: Buffer) => {
    if (last && last !== read.buffer && response.readableLength === 0) freeNow(read)
  }
  response.on('data', note)
  socket.on('data', freeRead)
  response.once('close', () => socket.off('data', freeRead))
}
