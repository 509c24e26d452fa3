import { pipeline } from 'node:stream/promises'
import { OciError } from '../../../oci/errors.ts'
import { parseRange } from '../../platform/http/range.ts'
import { actorOf } from '../caller.ts'
import type { Registry } from '../registry.ts'
import { fixedHeaders, matches, send } from './reply.ts'
import type { At, Exchange } from './session.ts'

export type BlobOptions = {
  registry: Pick<Registry, 'statBlob' | 'blobUrl' | 'openBlob' | 'deleteBlob'>
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
  const { size } = await registry.statBlob(name, digest)
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    etag: `"${digest}"`,
    'accept-ranges': 'bytes',
  }
  if (matches(request, digest)) return send(response, 304, headers)
  if (request.method === 'HEAD') return send(response, 200, { ...headers, 'content-length': String(size) })
  const url = await registry.blobUrl(name, digest)
  if (url) return send(response, 307, { ...headers, location: url })
  const range = parseRange(request.headers.range, size)
  if (range === 'unsatisfiable') {
    const headers = { 'content-range': `bytes */${size}` }
    throw new OciError('RANGE_INVALID', `the blob has ${size} bytes`, { headers })
  }
  const body = await registry.openBlob(name, digest, range)
  const length = range ? range.end - range.start + 1 : size
  const partial = range ? { 'content-range': `bytes ${range.start}-${range.end}/${size}` } : {}
  const all = { 'x-request-id': response.requestId, ...fixedHeaders, ...headers, ...partial, 'content-length': length }
  response.writeHead(range ? 206 : 200, all)
  await (body.sendTo ? body.sendTo(response) : pipeline(body, response))
  onBytes('sent', length)
}
