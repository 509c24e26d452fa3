import type { IncomingMessage } from 'node:http'
import type { Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import { parseTag, projectOf, type Reference, type RepositoryName } from '../../../oci/reference.ts'
import { readBody } from '../../platform/http/body.ts'
import type { Answer } from '../../platform/http/server.ts'
import { actorOf, type Caller } from '../caller.ts'
import type { ManifestRead, ManifestStat, Registry } from '../registry.ts'
import type { Rights, Tokens } from '../token.ts'
import { fixedHeaders, matches, oneWriteBytes, send } from './reply.ts'
import type { At, Exchange } from './session.ts'

export type ManifestOptions = {
  registry: Pick<Registry, 'readManifest' | 'statManifest' | 'peekManifest' | 'writeManifest' | 'deleteManifest' | 'deleteTag'>
  tokens: Pick<Tokens, 'known'>
  rights: Pick<Rights, 'surelyMayTouchIn'>
  onPulled(pull: { repository: RepositoryName; digest: Digest; tag: string | null; caller: Caller }): void
  /** In bytes. */
  limits: { manifestBytes: number }
}

const maxTagsAtOnce = 100

/** GET, HEAD, PUT and DELETE of /v2/<name>/manifests/<reference> */
export async function answerManifest(
  options: ManifestOptions,
  asked: At<'manifest'>,
  exchange: Exchange,
): Promise<void> {
  const { request, response, session } = exchange
  const { registry } = options
  const { name, reference } = asked
  if (request.method === 'PUT') return putManifest(options, asked, exchange)
  if (request.method === 'DELETE') return deleteManifest(options, asked, exchange)
  // A HEAD, and a GET by somebody who may have it already, bring no manifest into the cache (S1-38, S1-39).
  if (request.method === 'HEAD' || request.headers['if-none-match'] !== undefined) {
    const stat = await registry.statManifest(name, reference)
    if (matches(request, stat.digest)) return send(response, 304, headersOf(stat))
    if (request.method === 'HEAD') return send(response, 200, { ...headersOf(stat), 'content-length': stat.size })
  }
  sendManifest(options, asked, await registry.readManifest(name, reference), session.caller, request, response)
}

/**
 * The hottest request there is, a pull by a token that was seen before of what memory holds, without waiting for anything:
 * a quarter less work than the same steps one await after the other. False when one of them is not that simple.
 */
export function pullFromMemory(
  options: ManifestOptions,
  asked: At<'manifest'>,
  request: IncomingMessage,
  response: Answer,
): boolean {
  const { registry, tokens, rights } = options
  const { name, reference } = asked
  const { authorization } = request.headers
  const bearer = authorization?.startsWith('Bearer ') ? tokens.known(authorization.slice(7)) : undefined
  if (!bearer?.grants.repositories.get(name)?.has('pull')) return false
  if (!rights.surelyMayTouchIn(bearer.caller, name, 'pull', bearer.grants.projects.get(projectOf(name)))) return false
  const found = registry.peekManifest?.(name, reference)
  if (!found) return false
  sendManifest(options, asked, found, bearer.caller, request, response)
  return true
}

function sendManifest(
  { onPulled }: ManifestOptions,
  { name, reference }: At<'manifest'>,
  found: ManifestRead,
  caller: Caller,
  request: IncomingMessage,
  response: Answer,
) {
  const { digest } = found
  if (matches(request, digest)) return send(response, 304, headersOf(found))
  onPulled({ repository: name, digest, tag: tagOf(reference), caller })
  const { headers, text } = wireOf(found)
  response.writeHead(200, ['x-request-id', response.requestId, ...headers])
  if (text === undefined) response.end(found.content)
  else response.end(text, 'latin1')
}

async function putManifest(
  { registry, limits }: ManifestOptions,
  { name, reference, query }: At<'manifest'>,
  { request, response, session }: Exchange,
): Promise<void> {
  const more = query.getAll('tag')
  if (more.length > 0 && 'tag' in reference) throw new OciError('BAD_REQUEST', 'further tags go with a push by digest')
  if (more.length > maxTagsAtOnce) {
    throw new OciError('BAD_REQUEST', `at most ${maxTagsAtOnce} tags in one push`, { status: 414 })
  }
  const content = await readBody(request, limits.manifestBytes)
  const contentType = request.headers['content-type']
  const push = { reference, tags: more.map(parseTag), contentType, content }
  const pushed = await registry.writeManifest(name, actorOf(session.caller), push)
  send(response, 201, {
    location: `/v2/${name}/manifests/${tagOf(reference) ?? pushed.digest}`,
    'docker-content-digest': pushed.digest,
    ...(pushed.subject ? { 'oci-subject': pushed.subject } : {}),
    ...(more.length > 0 ? { 'oci-tag': pushed.tags.join(', ') } : {}),
  })
}

async function deleteManifest(
  { registry }: ManifestOptions,
  { name, reference }: At<'manifest'>,
  { response, session }: Exchange,
): Promise<void> {
  const by = actorOf(session.caller)
  await ('tag' in reference ? registry.deleteTag(name, by, reference.tag) : registry.deleteManifest(name, by, reference.digest))
  send(response, 202)
}

const tagOf = (reference: Reference) => ('tag' in reference ? reference.tag : null)

const headersOf = ({ digest, mediaType }: Pick<ManifestStat, 'digest' | 'mediaType'>) => ({
  'content-type': mediaType,
  'docker-content-digest': digest,
  etag: `"${digest}"`,
})

/** A manifest as it goes out: header names and values in turns, and its bytes as text where they are few (see `send`). */
type Wire = { headers: (string | number)[]; text: string | undefined }
const wires = new WeakMap<ManifestRead, Wire>()

/** Worked out once for as long as memory holds the manifest. */
function wireOf(found: ManifestRead): Wire {
  let wire = wires.get(found)
  if (!wire) {
    const { content } = found
    const headers = Object.entries({ ...fixedHeaders, ...headersOf(found), 'content-length': content.length }).flat()
    wires.set(found, (wire = { headers, text: content.length > oneWriteBytes ? undefined : content.toString('latin1') }))
  }
  return wire
}
