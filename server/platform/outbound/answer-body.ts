import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { failureOf } from './failures.ts'
import type { Silence } from './silence.ts'

/**
 * The body of an answer as it comes in, no faster than it is read. It fails with OutboundFailed. Destroying it ends the
 * connection, so nothing of an endless answer is waited for.
 */
export class AnswerBody extends Readable {
  readonly #response: IncomingMessage
  readonly #silence: Silence

  constructor(method: string, response: IncomingMessage, silence: Silence, ending: AbortSignal) {
    super()
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
    // The reader is told; that nobody reads yet when it fails must not end the process.
    this.on('error', () => {})
    // Where nothing will come the connection becomes free at once, although nobody may ever read the body.
    if (!isWithoutBody(method, response)) response.pause()
  }

  /** The other side's turn, until the buffer is full. */
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

/** RFC 9110, 6.4.1: to HEAD, and with these statuses, an answer has no body. */
function isWithoutBody(method: string, { statusCode, headers }: IncomingMessage): boolean {
  return method === 'HEAD' || statusCode === 204 || statusCode === 304 || headers['content-length'] === '0'
}
