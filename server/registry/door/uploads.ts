import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { parseDigest, type Digest, type DigestAlgorithm } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import { isRepositoryName, type RepositoryName } from '../../../oci/reference.ts'
import type { Bytes } from '../../platform/blobs/blobs.ts'
import { giveAway } from '../../platform/blobs/chunk.ts'
import { limited } from '../../platform/http/body.ts'
import type { Answer } from '../../platform/http/server.ts'
import { actorOf, anonymous } from '../caller.ts'
import type { Registry, Upload } from '../registry.ts'
import { send } from './reply.ts'
import { mayTouch, type At, type Exchange, type Session, type SessionOptions } from './session.ts'

export type UploadOptions = Pick<SessionOptions, 'rights'> & {
  registry: Pick<
    Registry,
    'startUpload' | 'findUpload' | 'appendUpload' | 'finishUpload' | 'cancelUpload' | 'writeBlob' | 'mountBlob'
  >
  onBytes(direction: 'received' | 'sent', count: number): void
  /** In bytes. */
  limits: { blobBytes: number; chunkMinBytes: number }
}

/** POST /v2/<name>/blobs/uploads/: a mount, a blob in one request, or an upload session. */
export async function answerUploads(
  options: UploadOptions,
  { name, query }: At<'uploads'>,
  { request, response, session }: Exchange,
): Promise<void> {
  const { registry, limits } = options
  const by = actorOf(session.caller)
  if (query.has('mount') && (await mount(options, name, query, session))) {
    return sendBlobCreated(response, name, query.get('mount') as Digest)
  }
  const digest = query.get('digest')
  if (digest !== null && !query.has('mount')) {
    await registry.writeBlob(name, by, parseDigest(digest), readBlob(options, request))
    return sendBlobCreated(response, name, digest as Digest)
  }
  const upload = await registry.startUpload(name, by, parseAlgorithm(query.get('digest-algorithm')))
  const least = limits.chunkMinBytes > 0 ? { 'oci-chunk-min-length': String(limits.chunkMinBytes) } : {}
  sendUpload(response, 202, name, upload, least)
}

/** PATCH, PUT, DELETE, GET and HEAD of /v2/<name>/blobs/uploads/<id> */
export async function answerUpload(
  options: UploadOptions,
  { name, id, query }: At<'upload'>,
  { request, response, session }: Exchange,
): Promise<void> {
  const { registry } = options
  switch (request.method) {
    case 'PATCH': {
      const range = parseContentRange(request)
      const upload = await registry.appendUpload(name, id, readBlob(options, request, range), range?.first)
      return sendUpload(response, 202, name, upload)
    }
    case 'PUT': {
      const digest = parseDigest(query.get('digest') ?? '')
      const by = actorOf(session.caller)
      const range = parseContentRange(request)
      await registry.finishUpload(name, id, by, digest, readBlob(options, request, range), range?.first)
      return sendBlobCreated(response, name, digest)
    }
    case 'DELETE':
      await registry.cancelUpload(name, id)
      return send(response, 204)
    default:
      return sendUpload(response, 204, name, await registry.findUpload(name, id))
  }
}

/**
 * Mounts a blob of another repository. One credential must hold the right to pull there and to push here (C-36); a
 * source that everybody may read needs no right. In every other case, also for a source that cannot exist, this is
 * false and an ordinary upload begins (C-37).
 */
async function mount(
  options: UploadOptions,
  name: RepositoryName,
  query: URLSearchParams,
  session: Session,
): Promise<boolean> {
  const digest = parseDigest(query.get('mount') ?? '')
  const from = query.get('from') ?? ''
  if (!isRepositoryName(from)) return false
  const mayRead =
    (await mayTouch(options, session, { name: from, action: 'pull' })) ||
    (await options.rights.mayTouch(anonymous, from, 'pull'))
  if (!mayRead) return false
  return options.registry.mountBlob(name, actorOf(session.caller), from, digest)
}

/** The body of a request, up to the limit of a blob. Throws SIZE_INVALID when it is not as long as its range. */
async function* readBlob(
  { limits, onBytes }: UploadOptions,
  request: IncomingMessage,
  range?: ContentRange,
): Bytes & AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of limited(request, limits.blobBytes)) {
    onBytes('received', chunk.length)
    size += chunk.length
    if (range && size > range.length) throw lengthsDisagree()
    giveAway(chunk)
    yield chunk
  }
  if (range && size !== range.length) throw lengthsDisagree()
}

const lengthsDisagree = () => new OciError('SIZE_INVALID', 'the length of the body and Content-Range disagree')

/** `first`: the number of the first byte. `length`: in bytes. */
type ContentRange = { first: number; length: number }

/** Reads `Content-Range: <first>-<last>`, and checks it against Content-Length where there is one (C-49, C-50). */
function parseContentRange(request: IncomingMessage): ContentRange | undefined {
  const header = request.headers['content-range']
  if (header === undefined) return undefined
  const [, first, last] = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d{1,15}|\*))?$/i.exec(header.trim()) ?? []
  if (first === undefined || last === undefined || Number(last) < Number(first)) {
    throw new OciError('RANGE_INVALID', 'Content-Range must be <first byte>-<last byte>')
  }
  const range = { first: Number(first), length: Number(last) - Number(first) + 1 }
  const length = request.headers['content-length']
  if (length !== undefined && Number(length) !== range.length) throw lengthsDisagree()
  return range
}

function parseAlgorithm(text: string | null): DigestAlgorithm {
  if (text === null || text === 'sha256') return 'sha256'
  if (text === 'sha512') return 'sha512'
  throw new OciError('DIGEST_INVALID', 'digest-algorithm must be sha256 or sha512')
}

function sendUpload(
  response: Answer,
  status: number,
  name: RepositoryName,
  { id, size }: Upload,
  more: OutgoingHttpHeaders = {},
) {
  const range = `0-${Math.max(0, size - 1)}`
  send(response, status, { location: `/v2/${name}/blobs/uploads/${id}`, range, 'docker-upload-uuid': id, ...more })
}

function sendBlobCreated(response: Answer, name: RepositoryName, digest: Digest) {
  send(response, 201, { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest })
}
