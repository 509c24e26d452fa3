import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import type { BlobStream } from '../../platform/blobs/blobs.ts'
import { sendPrepared, type Prepared } from '../../platform/http/prepared.ts'
import { parseRanges, type Range } from '../../platform/http/range.ts'
import type { Answer } from '../../platform/http/server.ts'
import { actorOf } from '../caller.ts'
import type { BlobRead, Registry } from '../registry.ts'
import { checkIfMatch, rangeHeader } from './conditions.ts'
import { sendParts } from './parts.ts'
import { fixedHeaders, matches, send } from './reply.ts'
import type { At, Exchange } from './session.ts'

export type BlobOptions = {
  registry: Pick<Registry, 'statBlob' | 'readBlob' | 'blobUrl' | 'openBlob' | 'deleteBlob'>
  onBytes(direction: 'received' | 'sent', count: number): void
}

/** GET, HEAD and DELETE of /v2/<name>/blobs/<digest> */
export async function answerBlob(
  { registry, onBytes }: BlobOptions,
  { name, digest }: At<'blob'>,
  { request, response, session }: Exchange,
): Promise<void> {
  if (request.method === 'DELETE') {
    await registry.deleteBlob(name, actorOf(session.caller), digest)
    return send(response, 202)
  }
  // One look-up finds a small blob in memory. What needs no bytes, or a part of them, asks for the blob's size alone.
  const found: BlobRead = await (isGetOfAll(request)
    ? registry.readBlob(name, digest)
    : registry.statBlob(name, digest))
  const { size, content } = found
  checkIfMatch(request, digest)
  if (content) {
    sendPrepared(request, response, preparedOf(digest, content))
    return onBytes('sent', size)
  }
  const headers = headersOf(digest)
  if (matches(request, digest)) return send(response, 304, headers)
  if (request.method === 'HEAD') return send(response, 200, { ...headers, 'content-length': String(size) })
  const ranges = parseRanges(rangeHeader(request, digest), size)
  // An object store ignores a request for several ranges and sends the whole blob, so that Marina sends them itself.
  const url = Array.isArray(ranges) && ranges.length > 1 ? undefined : await registry.blobUrl(name, digest)
  if (url) return send(response, 307, { ...headers, location: url })
  if (ranges === 'unsatisfiable') {
    const headers = { 'content-range': `bytes */${size}` }
    throw new OciError('RANGE_INVALID', `the blob has ${size} bytes`, { headers })
  }
  const all = { 'x-request-id': response.requestId, ...fixedHeaders, ...headers }
  const open = (range?: Range) => registry.openBlob(name, digest, range)
  const several = ranges !== undefined && ranges.length > 1
  onBytes(
    'sent',
    await (several
      ? sendParts(response, all, { ranges, size }, open)
      : sendOne(response, all, size, open, ranges?.[0])),
  )
}

const isGetOfAll = ({ method, headers }: IncomingMessage) =>
  method === 'GET' && headers.range === undefined && headers['if-none-match'] === undefined

const headersOf = (digest: Digest) => ({
  'content-type': 'application/octet-stream',
  'docker-content-digest': digest,
  etag: `"${digest}"`,
  'accept-ranges': 'bytes',
})

const prepared = new WeakMap<Buffer, Prepared>()

/** Made once for each blob in memory, and kept for as long as its bytes are. */
function preparedOf(digest: Digest, body: Buffer): Prepared {
  let known = prepared.get(body)
  if (!known) {
    const headers = Object.entries({ ...fixedHeaders, ...headersOf(digest), 'content-length': body.length }).flat()
    prepared.set(body, (known = { headers, body }))
  }
  return known
}

/** Sends the whole blob, or one range of it. Returns the number of bytes that were sent. */
async function sendOne(
  response: Answer,
  headers: OutgoingHttpHeaders,
  size: number,
  open: (range?: Range) => Promise<BlobStream>,
  range: Range | undefined,
): Promise<number> {
  const body = await open(range)
  const length = range ? range.end - range.start + 1 : size
  const partial = range ? { 'content-range': `bytes ${range.start}-${range.end}/${size}` } : {}
  response.writeHead(range ? 206 : 200, { ...headers, ...partial, 'content-length': length })
  await (body.sendTo ? body.sendTo(response) : pipeline(body, response))
  return length
}
