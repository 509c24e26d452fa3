import type { Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import { parseTag, type Reference, type RepositoryName } from '../../../oci/reference.ts'
import type { Project } from '../../catalog/project.ts'
import { readBody } from '../../platform/http/body.ts'
import { sendPrepared, type Prepared } from '../../platform/http/prepared.ts'
import { andThen, type Maybe } from '../../platform/maybe.ts'
import { actorOf, type Caller } from '../caller.ts'
import { passPullGates, type Pulled, type PullGates } from '../gate.ts'
import type { ManifestRead, ManifestStat, Registry } from '../registry.ts'
import { checkIfMatch } from './conditions.ts'
import { fixedHeaders, matches, send, warningOf } from './reply.ts'
import type { Rights } from '../token.ts'
import type { At, Exchange } from './session.ts'

export type ManifestOptions = PullGates & {
  registry: Pick<Registry, 'readManifest' | 'statManifest' | 'writeManifest' | 'deleteManifest' | 'deleteTag'>
  rights: Pick<Rights, 'mayTouch'>
  /** `project`: where it is known already. */
  onPulled(pull: {
    repository: RepositoryName
    digest: Digest
    tag: string | null
    caller: Caller
    project?: Project | undefined
  }): void
  /** In bytes. */
  limits: { manifestBytes: number }
}

const maxTagsAtOnce = 100

/** GET, HEAD, PUT and DELETE of /v2/<name>/manifests/<reference> */
export function answerManifest(options: ManifestOptions, asked: At<'manifest'>, exchange: Exchange): Maybe<void> {
  const { method, headers } = exchange.request
  if (method === 'PUT') return putManifest(options, asked, exchange)
  if (method === 'DELETE') return deleteManifest(options, asked, exchange)
  // A HEAD, and a GET with If-None-Match, put no manifest into the cache (S1-38, S1-39).
  const isStat = method === 'HEAD' || headers['if-none-match'] !== undefined
  return pullManifest(options, asked, exchange, isStat ? 'statManifest' : 'readManifest')
}

/**
 * Every pull takes this path: find the manifest, pass the gates, send. Nothing of a manifest, not even its headers, is
 * sent before its gates are passed. This is the most frequent request: it awaits nothing that the memory cache holds.
 */
function pullManifest(
  options: ManifestOptions,
  asked: At<'manifest'>,
  exchange: Exchange,
  verb: 'statManifest' | 'readManifest',
): Maybe<void> {
  const { name, reference } = asked
  const found: Maybe<ManifestStat | ManifestRead> = options.registry[verb](name, reference)
  return andThen(found, (manifest) =>
    andThen(passPullGates(options, pulledOf(options, asked, manifest, exchange)), (warnings) => {
      checkIfMatch(exchange.request, manifest.digest)
      if ('content' in manifest) return sendManifest(options, asked, manifest, exchange, warnings)
      if (sendStat(manifest, exchange, warnings))
        return manifest.countsHead && notePull(options, asked, manifest, exchange)
      // The client does not have this manifest. It is found again by its tag, which may have moved meanwhile.
      return pullManifest(options, asked, exchange, 'readManifest')
    }),
  )
}

/** What the gates learn of a pull. */
function pulledOf(
  options: ManifestOptions,
  { name, reference }: At<'manifest'>,
  { repository = name, digest, mediaType }: ManifestStat | ManifestRead,
  { request, session }: Exchange,
): Omit<Pulled, 'project'> {
  const userAgent = request.headers['user-agent'] ?? ''
  const mayPush = () => options.rights.mayTouch(session.caller, repository, 'push')
  return { repository, digest, tag: tagOf(reference), mediaType, caller: session.caller, userAgent, mayPush }
}

/** Answers with headers alone; false, with nothing sent, when the client needs the manifest itself. */
function sendStat(stat: ManifestStat, { request, response }: Exchange, warnings: string[] | undefined): boolean {
  const headers = headersOf(stat, warnings)
  if (matches(request, stat.digest)) send(response, 304, headers)
  else if (request.method === 'HEAD') send(response, 200, { ...headers, 'content-length': stat.size })
  else return false
  return true
}

function sendManifest(
  options: ManifestOptions,
  asked: At<'manifest'>,
  found: ManifestRead,
  exchange: Exchange,
  warnings: string[] | undefined,
) {
  const { request, response } = exchange
  if (matches(request, found.digest)) return send(response, 304, headersOf(found, warnings))
  if (warnings === undefined) return sendPlain(options, asked, found, exchange)
  notePull(options, asked, found, exchange)
  const headers = { 'x-request-id': response.requestId, ...fixedHeaders, ...headersOf(found, warnings) }
  response.writeHead(200, { ...headers, 'content-length': found.content.length }).end(found.content)
}

/** Sends a manifest of which nothing is to be said beside it. */
export function sendPlain(
  options: ManifestOptions,
  asked: At<'manifest'>,
  found: ManifestRead,
  exchange: Exchange,
  project?: Project,
): void {
  notePull(options, asked, found, exchange, project)
  exchange.sent = found
  sendPrepared(exchange.request, exchange.response, preparedOf(found))
}

function notePull(
  { onPulled }: ManifestOptions,
  { name, reference }: At<'manifest'>,
  { digest, repository = name }: ManifestStat | ManifestRead,
  { session }: Exchange,
  project?: Project,
): void {
  onPulled({ repository, digest, tag: tagOf(reference), caller: session.caller, project })
}

async function putManifest(
  { registry, limits }: ManifestOptions,
  { name, reference, query }: At<'manifest'>,
  { request, response, session }: Exchange,
): Promise<void> {
  const more = query.getAll('tag')
  if (more.length > 0 && 'tag' in reference) throw new OciError('BAD_REQUEST', 'tag=<name> is for a push by digest')
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
  if ('tag' in reference) await registry.deleteTag(name, by, reference.tag)
  else await registry.deleteManifest(name, by, reference.digest)
  send(response, 202)
}

const tagOf = (reference: Reference) => ('tag' in reference ? reference.tag : null)

type Shown = Pick<ManifestStat, 'digest' | 'mediaType' | 'warning'>

const headersOf = ({ digest, mediaType, warning }: Shown, warnings: string[] = []) => ({
  'content-type': mediaType,
  'docker-content-digest': digest,
  etag: `"${digest}"`,
  ...warningOf(warning, ...warnings),
})

const prepared = new WeakMap<ManifestRead, Prepared>()

/** Made once for each manifest, and kept for as long as the memory cache keeps that manifest. */
function preparedOf(found: ManifestRead): Prepared {
  let known = prepared.get(found)
  if (!known) {
    const { content } = found
    const headers = Object.entries({ ...fixedHeaders, ...headersOf(found), 'content-length': content.length }).flat()
    prepared.set(found, (known = { headers, body: content }))
  }
  return known
}
