import type { IncomingMessage } from 'node:http'
import type { Answer } from './server.ts'

/** The longest body, in bytes, that fits with its headers into the 16 KiB that Node writes without allocating. */
export const oneWriteBytes = 8192

/**
 * An answer with status 200 that is sent often. `headers`: names and values in one list, without X-Request-Id;
 * Content-Length is among them.
 */
export type Prepared = { readonly headers: readonly (string | number)[]; readonly body: Buffer; parts?: Parts }

/**
 * The head as Node wrote it once, cut where it differs from answer to answer. A body of at most `oneWriteBytes` stands
 * behind it in `rest`, as Latin-1, which keeps every byte; `apart` is a longer one.
 */
type Parts = { beforeId: string; beforeDate: string; rest: string; apart: Buffer | undefined }

/** What Node's OutgoingMessage calls the text of the head. It is no public name, so `learn` checks what it finds. */
type WithHead = { _header: string | null }

/**
 * Answers a GET. Node writes the first head, which costs it a third of such an answer: it checks and joins every
 * header. Later answers on connections that stay open use that head, with the id and the date of their own.
 */
export function sendPrepared(request: IncomingMessage, response: Answer, prepared: Prepared): void {
  const isPlain = response.shouldKeepAlive && request.httpVersionMinor === 1 && request.headers.expect === undefined
  const { parts } = prepared
  if (parts && isPlain) {
    // Node sends a text with its head by one write, which is cheaper than one writev for both. It knows that the head
    // stands by this property.
    const head = response as unknown as WithHead
    head._header = parts.beforeId + response.requestId + parts.beforeDate + httpDate() + parts.rest
    response.end(parts.apart)
    return
  }
  response.writeHead(200, ['x-request-id', response.requestId, ...prepared.headers])
  if (isPlain) learn(response, prepared)
  const { body } = prepared
  if (body.length > oneWriteBytes) response.end(body)
  else response.end(body.toString('latin1'), 'latin1')
}

/** Keeps the head's parts; a head that does not look as expected is left to Node each time. */
function learn(response: Answer, prepared: Prepared): void {
  const head = (response as unknown as Partial<WithHead>)._header
  const found = typeof head === 'string' ? headForm.exec(head) : null
  if (found?.[2] !== response.requestId) return
  const { body } = prepared
  const isApart = body.length > oneWriteBytes
  const rest = isApart ? found[4]! : found[4]! + body.toString('latin1')
  prepared.parts = { beforeId: found[1]!, beforeDate: found[3]!, rest, apart: isApart ? body : undefined }
}

/** The id, then all other headers, then Node's own: Date, and Connection with Keep-Alive. */
const headForm = new RegExp(
  [
    String.raw`^(HTTP\/1\.1 200 OK\r\nx-request-id: )([^\r\n]*)(\r\n[^]*\r\nDate: )`,
    String.raw`[^\r\n]{29}(\r\nConnection: keep-alive\r\n(?:Keep-Alive: [^\r\n]*\r\n)?\r\n)$`,
  ].join(''),
)

let second = -1
let date = ''

/** The time as in a Date header (RFC 9110, 5.6.7), made once a second. */
function httpDate(): string {
  const now = Math.floor(Date.now() / 1000)
  if (now !== second) {
    second = now
    date = new Date(now * 1000).toUTCString()
  }
  return date
}
