import http, { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Readable } from 'node:stream'
import { isPublic, type Reach } from './addresses.ts'
import { AnswerBody } from './answer-body.ts'
import { BodyFailed, failureOf } from './failures.ts'
import type { Way } from './guard.ts'
import { Silence } from './silence.ts'

export type RequestBody = string | Buffer | Readable

export type Asked = {
  url: URL
  method: string
  headers: Record<string, string>
  body: RequestBody | undefined
  reach: Reach
  verifiesTls: boolean
  ca: string | string[] | undefined
  /** The longest time without a byte while Marina waits for the other side, in ms; undefined is no limit. */
  silenceMs: number | undefined
  signal: AbortSignal | undefined
}

/** `released` resolves when the connection is free, or gone. `isInside`: the address that answered is not public. */
export type Answered = {
  status: number
  isInside: boolean
  headers: IncomingHttpHeaders
  body: Readable
  released: Promise<void>
}

/** Bodies up to this size are sent at once, longer ones in pieces, so that a body that is not taken is noticed. */
const pieceBytes = 64 * 1024

/**
 * Sends a request and receives the answer, both streamed. Resolves with the answer's head. Rejects as `failureOf` says.
 */
export async function exchange(asked: Asked, way: Way): Promise<Answered> {
  const [sending, receiving] = [new Silence(asked.silenceMs), new Silence(asked.silenceMs)]
  const ending = AbortSignal.any([sending.signal, receiving.signal, ...(asked.signal ? [asked.signal] : [])])
  const enough = new AbortController()
  try {
    const request = requestOf(asked, way, ending)
    const answer = responseOf(request)
    const isInside = insideOf(request)
    void send(request, asked.body, sending, enough.signal)
    const response = await answer
    sending.stop()
    request.once('close', () => sending.stop())
    endEarly(request, response, enough)
    return {
      status: response.statusCode!,
      isInside: way.isInside ?? isInside(),
      headers: response.headers,
      body: new AnswerBody(asked.method, response, receiving, ending),
      released: new Promise((resolve) => response.once('close', resolve)),
    }
  } catch (error) {
    sending.stop()
    throw failureOf(error, ending)
  }
}

/** Throws for a header that HTTP cannot carry. */
function requestOf(asked: Asked, way: Way, signal: AbortSignal): ClientRequest {
  const { url, method, body, verifiesTls, ca } = asked
  const length = isWhole(body) ? { 'content-length': String(Buffer.byteLength(body)) } : {}
  const { agent, lookup } = way
  const options = { agent, lookup, method, signal, headers: { 'user-agent': 'Marina', ...asked.headers, ...length } }
  if (url.protocol === 'http:') return http.request(url, options)
  return https.request(url, { ...options, rejectUnauthorized: verifiesTls, ...(ca ? { ca } : {}) })
}

function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request.on('response', resolve)
  request.on('error', reject)
  // An answer 101, which was not asked for, ends the request without a response and without an error.
  request.on('close', () => reject(new Error('closed without an answer')))
  return promise
}

/**
 * Whether the request's connection leads to an address that is not public; false as long as that is not known. It is
 * read as early as possible: a socket that has closed no longer tells.
 */
function insideOf(request: ClientRequest): () => boolean {
  let address: string | undefined
  request.once('socket', (socket) => {
    const read = () => void (address = socket.remoteAddress)
    if (socket.connecting) socket.once('connect', read)
    else read()
  })
  return () => address !== undefined && !isPublic(address)
}

/**
 * Sends the body as fast as the other side takes it, until `enough`. Never rejects: a body that fails ends the request.
 */
async function send(request: ClientRequest, body: RequestBody | undefined, silence: Silence, enough: AbortSignal) {
  let isAnswered = false
  request.once('response', () => (isAnswered = true))
  if (body === undefined || (isWhole(body) && Buffer.byteLength(body) <= pieceBytes)) {
    silence.start()
    return void request.end(body)
  }
  const isOver = () => request.destroyed || enough.aborted
  request.once('close', () => destroyBody(body))
  enough.addEventListener('abort', () => destroyBody(body), { once: true })
  try {
    for await (const piece of piecesOf(body)) {
      if (isOver()) return
      silence.start()
      if (!request.write(piece)) await drained(request)
      silence.stop()
    }
    request.end()
    if (!isAnswered) silence.start()
  } catch (error) {
    if (!isOver()) request.destroy(new BodyFailed('the body of the request failed', { cause: error }))
  }
}

async function* piecesOf(body: RequestBody): AsyncGenerator<Buffer | string> {
  if (!isWhole(body)) return yield* body as AsyncIterable<Buffer>
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

/** True of a body that is wholly in memory, so that it can be sent again. */
export const isWhole = (body: RequestBody | undefined): body is string | Buffer => {
  return typeof body === 'string' || Buffer.isBuffer(body)
}

/** Waits until the request takes more, or has ended. */
function drained(request: ClientRequest): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = () => {
    request.off('drain', done)
    request.off('close', done)
    resolve()
  }
  request.on('drain', done)
  request.on('close', done)
  return promise
}

/**
 * RFC 9112, 9.3: a server may answer before it has read the whole request. When it refuses, the rest is not sent. A
 * connection with an unfinished request cannot be used again.
 */
function endEarly(request: ClientRequest, response: IncomingMessage, enough: AbortController): void {
  if (response.statusCode! >= 300 && !request.writableEnded) enough.abort()
  response.once('end', () => {
    if (!request.writableEnded) request.destroy()
  })
}

/** Keeps a stream that fails while its call waits from ending the process: reading it later finds the error. */
export function holdBody(body: RequestBody | undefined): void {
  if (body !== undefined && !isWhole(body)) body.on('error', () => {})
}

/** Frees what a stream holds that is not read to its end. */
export function destroyBody(body: RequestBody | undefined): void {
  if (body !== undefined && !isWhole(body)) body.destroy()
}
