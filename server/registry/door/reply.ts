import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { Digest } from '../../../oci/digest.ts'
import { errorBody, OciError } from '../../../oci/errors.ts'
import { BodyTooLarge } from '../../platform/http/body.ts'
import { oneWriteBytes } from '../../platform/http/prepared.ts'
import type { Answer } from '../../platform/http/server.ts'

/** Sent with every answer below /v2: a browser must not show uploaded bytes as a page of this site (X03). */
export const fixedHeaders = {
  'docker-distribution-api-version': 'registry/2.0',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
}

/** Sends a whole answer, with its length and the headers that all answers have. */
export function send(response: Answer, status: number, headers: OutgoingHttpHeaders = {}, body: string | Buffer = '') {
  // 204 and 304 have no body and no length; for HEAD the caller gives the length of what GET would send.
  const hasLength = status === 204 || status === 304 || headers['content-length'] !== undefined
  const length = hasLength ? {} : { 'content-length': Buffer.byteLength(body) }
  response.writeHead(status, { 'x-request-id': response.requestId, ...fixedHeaders, ...headers, ...length })
  // Node sends headers and a string in one write, headers and a buffer in a costlier writev. Latin-1 keeps every byte.
  if (typeof body === 'string' || body.length > oneWriteBytes) response.end(body)
  else response.end(body.toString('latin1'), 'latin1')
}

/** The `Warning` header with each text that is there (OCI Distribution Specification 1.1, "Warnings"). */
export function warningOf(...texts: (string | undefined)[]): { warning?: string } {
  const all = texts.flatMap((text) => (text === undefined ? [] : [`299 - "${text}"`]))
  return all.length === 0 ? {} : { warning: all.join(', ') }
}

/** Sends a value as JSON. */
export function sendJson(response: Answer, status: number, value: unknown, headers: OutgoingHttpHeaders = {}) {
  send(response, status, { 'content-type': 'application/json', ...headers }, JSON.stringify(value))
}

/** Answers an error as the specification says; false, with nothing sent, when the error is not one of /v2's own. */
export function sendOciError(response: Answer, error: unknown): boolean {
  const known = error instanceof BodyTooLarge ? new OciError('SIZE_INVALID', error.message, { status: 413 }) : error
  if (!(known instanceof OciError)) return false
  send(response, known.status, { 'content-type': 'application/json', ...known.headers }, errorBody([known]))
  return true
}

/** True when the client has these bytes already, by its `If-None-Match` (RFC 9110, 13.1.2). */
export function matches(request: IncomingMessage, digest: Digest): boolean {
  const header = request.headers['if-none-match']
  if (header === undefined) return false
  return header.split(',').some((one) => {
    const tag = one
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1')
    return tag === digest || tag === '*'
  })
}
