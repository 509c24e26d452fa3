import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { parseDigest, type Digest, type DigestAlgorithm } from '../../oci/digest.ts'
import { errorBody, OciError } from '../../oci/errors.ts'
import { isMediaType, ociIndex } from '../../oci/media-type.ts'
import { parseRepositoryName, parseTag, projectOf, type Reference, type RepositoryName } from '../../oci/reference.ts'
import type { Bytes } from '../platform/blobs/blobs.ts'
import { BodyTooLarge, limited, readBody } from '../platform/http/body.ts'
import { parseRange } from '../platform/http/range.ts'
import type { Answer, Peer } from '../platform/http/server.ts'
import { reservedProjects } from '../catalog/project.ts'
import type { Viewer } from '../catalog/viewer.ts'
import { actorOf, anonymous, type Action, type Caller } from './caller.ts'
import { readOnlyText } from './gate.ts'
import type { ManifestRead, ManifestStat, Page, Registry, Upload } from './registry.ts'
import { parseRequest, type RegistryRequest } from './request.ts'
import { grant, parseScopes, serviceName, type Grants, type Rights, type Tokens } from './token.ts'

export type DoorOptions = {
  registry: Registry
  tokens: Tokens
  rights: Rights & {
    /** False for an account that was disabled or deleted since it got its token. */
    isActive(caller: Caller): Promise<boolean>
    viewer(caller: Caller): Promise<Viewer>
  }
  /** Checks a name and a password or secret. Undefined: wrong. Throws TOOMANYREQUESTS when guessing is slowed. */
  login(name: string, password: string, address: string): Promise<Caller | undefined>
  /** While true, everything that would change something is denied (C-46). */
  isReadOnly(): Promise<boolean>
  onPulled(pull: { repository: RepositoryName; digest: Digest; tag: string | null; caller: Caller }): void
  onBytes(direction: 'received' | 'sent', count: number): void
  /** Told of callers who tried to push or delete where they may not. */
  onRefused(caller: Caller, need: { name: RepositoryName; action: Action }): void
  externalUrl: string | undefined
  /** In bytes; a page in entries. */
  limits: { manifestBytes: number; blobBytes: number; chunkMinBytes: number; pageSize: number }
}

/** Who is asking, by what credentials. A refused credential never falls through to anonymous (C-19). */
type Session = { by: 'nothing' | 'basic' | 'bearer'; caller: Caller; grants?: Grants; isRefused?: true }
type Need = { name: RepositoryName; action: Action }
type Exchange = { request: IncomingMessage; response: Answer; session: Session; peer: Peer }
type At<Kind extends RegistryRequest['at']> = Extract<RegistryRequest, { at: Kind }>

/** Sent with every answer below /v2: bytes of strangers must not become a page of ours (X03). */
const fixedHeaders = {
  'docker-distribution-api-version': 'registry/2.0',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
}

const maxTagsAtOnce = 100
/** Read targets kept; about 300 bytes each. */
const targetsKept = 5000

export type Door = {
  /** Answers anything below /v2. */
  registry(request: IncomingMessage, response: Answer, peer: Peer): Promise<void>
  /** Answers GET /service/token. */
  token(request: IncomingMessage, response: Answer, peer: Peer): Promise<void>
}

/** URL → RegistryRequest → rights → Registry → HTTP. Throws what errorAnswer turns into the specification's errors. */
export function openDoor(options: DoorOptions): Door {
  const { registry, tokens, rights, limits } = options
  const targets = new Map<string, RegistryRequest>()

  return {
    async registry(request, response, peer) {
      const asked = readTarget(request.url!)
      if (asked.at === 'manifest' && request.method === 'GET' && pullFromMemory(asked, request, response)) return
      const session = await identify(request, peer)
      const exchange: Exchange = { request, response, session, peer }
      await checkRights(asked, exchange)
      if (request.method !== 'GET' && request.method !== 'HEAD' && (await options.isReadOnly())) throw new OciError('DENIED', readOnlyText)
      await answer(asked, exchange)
    },

    async token(request, response, peer) {
      if (request.method !== 'GET') throw new OciError('UNSUPPORTED', undefined, { headers: { allow: 'GET' } })
      const query = new URL(request.url!, 'http://marina').searchParams
      if (query.get('service') !== serviceName) throw new OciError('BAD_REQUEST', `service must be ${serviceName}`)
      const scopes = parseScopes(query.getAll('scope'))
      const session = await identify(request, peer)
      if (session.isRefused || session.by === 'bearer' || (session.by === 'nothing' && scopes.length === 0)) {
        throw new OciError('UNAUTHORIZED', session.by === 'nothing' ? 'send a name and a password, or ask for a scope' : 'wrong name or password', { headers: basicChallenge(request) })
      }
      const { token, expiresIn, issuedAt } = await tokens.issue(session.caller, await grant(rights, session.caller, scopes))
      const body = JSON.stringify({ token, access_token: token, expires_in: expiresIn, issued_at: issuedAt.toISOString() })
      send(response, 200, { 'content-type': 'application/json', 'cache-control': 'no-store' }, body)
    },
  }

  /** The targets of pulls come again and again, and reading one costs as much as finding its manifest. */
  function readTarget(target: string): RegistryRequest {
    const known = targets.get(target)
    if (known) return known
    const asked = parseRequest(target)
    if (asked.at === 'manifest' && target.length < 512) {
      if (targets.size === targetsKept) targets.clear()
      targets.set(target, asked)
    }
    return asked
  }

  async function identify(request: IncomingMessage, peer: Peer): Promise<Session> {
    const header = request.headers.authorization
    if (header === undefined) return { by: 'nothing', caller: anonymous }
    if (/^bearer /i.test(header)) {
      const bearer = await tokens.verify(header.slice(7).trim())
      return bearer ? { by: 'bearer', ...bearer } : { by: 'bearer', caller: anonymous, isRefused: true }
    }
    const pair = /^basic /i.test(header) ? Buffer.from(header.slice(6).trim(), 'base64').toString('utf8') : ''
    const colon = pair.indexOf(':')
    const caller = colon < 0 ? undefined : await options.login(pair.slice(0, colon), pair.slice(colon + 1), peer.address)
    return caller ? { by: 'basic', caller } : { by: 'basic', caller: anonymous, isRefused: true }
  }

  /** The whole of /v2's authorization. Absent and forbidden look alike (C-31). */
  async function checkRights(asked: RegistryRequest, exchange: Exchange): Promise<void> {
    const { request, session } = exchange
    const needs = rightsNeeded(asked, request.method!)
    if (session.by === 'nothing' || session.isRefused) throw unauthorized(asked, needs, exchange)
    // S0-48: to nobody, the administrator included, is there anything below these names.
    if ('name' in asked && reservedProjects.includes(projectOf(asked.name))) throw new OciError('NAME_UNKNOWN')
    // Whoever may touch a repository is active: it is asked apart only where that was not asked, or was denied.
    const may = needs !== undefined && (await mayAll(session, [needs]))
    if (!may && session.by === 'bearer' && !(await rights.isActive(session.caller))) session.isRefused = true
    if (!session.isRefused && needs && !may && needs.action !== 'pull') options.onRefused(session.caller, needs)
    if (session.isRefused || (needs && !may)) throw unauthorized(asked, needs, exchange)
    if (asked.at === 'catalog' && !maySeeCatalog(session)) throw unauthorized(asked, undefined, exchange)
  }

  /** A token grants at most what it names, and only while its holder still has the right himself (C-15). */
  async function mayAll({ caller, grants }: Session, needs: Need[]): Promise<boolean> {
    for (const { name, action } of needs) {
      if (grants && !grants.repositories.get(name)?.has(action)) return false
      const may = grants ? rights.mayTouchIn(caller, name, action, grants.projects.get(projectOf(name))) : rights.mayTouch(caller, name, action)
      if (!(await may)) return false
    }
    return true
  }

  /** Whoever is signed in, by a token only if it names the catalog; answerCatalog shows each what he may read (C-41). */
  function maySeeCatalog({ caller, grants }: Session): boolean {
    return caller.kind !== 'anonymous' && (grants === undefined || grants.catalog)
  }

  function unauthorized(asked: RegistryRequest, need: Need | undefined, { request, session, peer }: Exchange): OciError {
    if (session.by === 'basic' && session.isRefused) return new OciError('UNAUTHORIZED', undefined, { headers: basicChallenge(request) })
    const scopes = asked.at === 'catalog' ? ['registry:catalog:*'] : need ? [scopeOf(need)] : []
    const from = asked.at === 'uploads' ? asked.query.get('from') : null
    if (from !== null && asked.at === 'uploads' && asked.query.has('mount')) scopes.push(`repository:${from.replace(/[^a-z0-9._/-]/g, '')}:pull`)
    const why = session.by !== 'bearer' ? '' : session.isRefused ? ',error="invalid_token"' : ',error="insufficient_scope"'
    const scope = scopes.length > 0 ? `,scope="${scopes.join(' ')}"` : ''
    const challenge = `Bearer realm="${baseUrl(peer)}/service/token",service="${serviceName}"${scope}${why}`
    return new OciError('UNAUTHORIZED', undefined, { headers: { 'www-authenticate': challenge } })
  }

  function baseUrl(peer: Peer): string {
    const host = /^[A-Za-z0-9._:[\]-]{1,255}$/.test(peer.host ?? '') ? peer.host : 'localhost'
    return options.externalUrl ?? `${peer.protocol}://${host}`
  }

  async function answer(asked: RegistryRequest, exchange: Exchange): Promise<void> {
    switch (asked.at) {
      case 'base':
        return sendJson(exchange.response, 200, {})
      case 'catalog':
        return answerCatalog(asked, exchange)
      case 'tags':
        return answerTags(asked, exchange)
      case 'referrers':
        return answerReferrers(asked, exchange)
      case 'manifest':
        return answerManifest(asked, exchange)
      case 'blob':
        return answerBlob(asked, exchange)
      case 'uploads':
        return answerUploads(asked, exchange)
      case 'upload':
        return answerUpload(asked, exchange)
    }
  }

  async function answerCatalog({ query }: At<'catalog'>, { response, session }: Exchange): Promise<void> {
    const page = parsePage(query, limits.pageSize)
    const viewer = await rights.viewer(session.caller)
    const names = page.limit === 0 ? [] : await registry.listRepositories(viewer, { ...page, limit: page.limit + 1 })
    const { shown, headers } = cutPage(names, page.limit, '/v2/_catalog', (name) => name)
    sendJson(response, 200, { repositories: shown }, headers)
  }

  async function answerTags({ name, query }: At<'tags'>, { response }: Exchange): Promise<void> {
    const page = parsePage(query, limits.pageSize)
    const names = await registry.listTags(name, { ...page, limit: page.limit + 1 })
    const { shown, headers } = cutPage(names, page.limit, `/v2/${name}/tags/list`, (tag) => tag)
    sendJson(response, 200, { name, tags: shown }, headers)
  }

  async function answerReferrers({ name, digest, query }: At<'referrers'>, { response }: Exchange): Promise<void> {
    const page = parsePage(query, limits.pageSize)
    const artifactType = query.get('artifactType') || undefined
    if (artifactType !== undefined && !isMediaType(artifactType)) throw new OciError('BAD_REQUEST', 'artifactType must be a media type (RFC 6838)')
    const found = await registry.listReferrers(name, digest, { ...page, limit: page.limit + 1, ...(artifactType ? { artifactType } : {}) })
    const { shown, headers } = cutPage(found, page.limit, `/v2/${name}/referrers/${digest}`, (one) => one.digest, artifactType ? { artifactType } : {})
    const body = JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: shown })
    send(response, 200, { 'content-type': ociIndex, ...headers, ...(artifactType ? { 'oci-filters-applied': 'artifactType' } : {}) }, body)
  }

  async function answerManifest(asked: At<'manifest'>, exchange: Exchange): Promise<void> {
    const { request, response, session } = exchange
    const { name, reference } = asked
    if (request.method === 'PUT') return putManifest(asked, exchange)
    if (request.method === 'DELETE') {
      await ('tag' in reference ? registry.deleteTag(name, actorOf(session.caller), reference.tag) : registry.deleteManifest(name, actorOf(session.caller), reference.digest))
      return send(response, 202)
    }
    // A HEAD, and a GET by somebody who may have it already, bring no manifest into the cache (S1-38, S1-39).
    if (request.method === 'HEAD' || request.headers['if-none-match'] !== undefined) {
      const stat = await registry.statManifest(name, reference)
      if (matches(request, stat.digest)) return send(response, 304, manifestHeaders(stat))
      if (request.method === 'HEAD') return send(response, 200, { ...manifestHeaders(stat), 'content-length': stat.size })
    }
    sendManifest(await registry.readManifest(name, reference), name, reference, session.caller, request, response)
  }

  /**
   * The hottest request there is, a pull by a token that was seen before of what memory holds, without waiting for anything:
   * a quarter less work than the same steps one await after the other. False when one of them is not that simple.
   */
  function pullFromMemory({ name, reference }: At<'manifest'>, request: IncomingMessage, response: Answer): boolean {
    const { authorization } = request.headers
    const bearer = authorization?.startsWith('Bearer ') ? tokens.known(authorization.slice(7)) : undefined
    if (!bearer?.grants.repositories.get(name)?.has('pull')) return false
    if (!rights.surelyMayTouchIn(bearer.caller, name, 'pull', bearer.grants.projects.get(projectOf(name)))) return false
    const found = registry.peekManifest?.(name, reference)
    if (!found) return false
    sendManifest(found, name, reference, bearer.caller, request, response)
    return true
  }

  function sendManifest(found: ManifestRead, name: RepositoryName, reference: Reference, caller: Caller, request: IncomingMessage, response: Answer) {
    const { digest } = found
    if (matches(request, digest)) return send(response, 304, manifestHeaders(found))
    options.onPulled({ repository: name, digest, tag: 'tag' in reference ? reference.tag : null, caller })
    const { headers, text } = wireOf(found)
    response.writeHead(200, ['x-request-id', response.requestId, ...headers])
    if (text === undefined) response.end(found.content)
    else response.end(text, 'latin1')
  }

  async function putManifest({ name, reference, query }: At<'manifest'>, { request, response, session }: Exchange): Promise<void> {
    const more = query.getAll('tag')
    if (more.length > 0 && 'tag' in reference) throw new OciError('BAD_REQUEST', 'further tags go with a push by digest')
    if (more.length > maxTagsAtOnce) throw new OciError('BAD_REQUEST', `at most ${maxTagsAtOnce} tags in one push`, { status: 414 })
    const content = await readBody(request, limits.manifestBytes)
    const pushed = await registry.writeManifest(name, actorOf(session.caller), { reference, tags: more.map(parseTag), contentType: request.headers['content-type'], content })
    send(response, 201, {
      location: `/v2/${name}/manifests/${'tag' in reference ? reference.tag : pushed.digest}`,
      'docker-content-digest': pushed.digest,
      ...(pushed.subject ? { 'oci-subject': pushed.subject } : {}),
      ...(more.length > 0 ? { 'oci-tag': pushed.tags.join(', ') } : {}),
    })
  }

  async function answerBlob({ name, digest }: At<'blob'>, { request, response, session }: Exchange): Promise<void> {
    if (request.method === 'DELETE') {
      await registry.deleteBlob(name, actorOf(session.caller), digest)
      return send(response, 202)
    }
    const { size } = await registry.statBlob(name, digest)
    const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': digest, etag: `"${digest}"`, 'accept-ranges': 'bytes' }
    if (matches(request, digest)) return send(response, 304, headers)
    if (request.method === 'HEAD') return send(response, 200, { ...headers, 'content-length': String(size) })
    const url = await registry.blobUrl(name, digest)
    if (url) return send(response, 307, { ...headers, location: url })
    const range = parseRange(request.headers.range, size)
    if (range === 'unsatisfiable') throw new OciError('RANGE_INVALID', `the blob has ${size} bytes`, { headers: { 'content-range': `bytes */${size}` } })
    const body = await registry.openBlob(name, digest, range)
    const length = range ? range.end - range.start + 1 : size
    const partial = range ? { 'content-range': `bytes ${range.start}-${range.end}/${size}` } : {}
    response.writeHead(range ? 206 : 200, { 'x-request-id': response.requestId, ...fixedHeaders, ...headers, ...partial, 'content-length': length })
    await (body.sendTo ? body.sendTo(response) : pipeline(body, response))
    options.onBytes('sent', length)
  }

  async function answerUploads({ name, query }: At<'uploads'>, exchange: Exchange): Promise<void> {
    const { request, response, session } = exchange
    const by = actorOf(session.caller)
    if (query.has('mount') && (await mount(name, query, session))) return sendBlobCreated(response, name, query.get('mount') as Digest)
    const digest = query.get('digest')
    if (digest !== null && !query.has('mount')) {
      await registry.writeBlob(name, by, parseDigest(digest), body(request))
      return sendBlobCreated(response, name, digest as Digest)
    }
    const upload = await registry.startUpload(name, by, parseAlgorithm(query.get('digest-algorithm')))
    const least = limits.chunkMinBytes > 0 ? { 'oci-chunk-min-length': String(limits.chunkMinBytes) } : {}
    sendUpload(response, 202, name, upload, least)
  }

  /** Both ends need a right, in the same credential; anything else becomes an ordinary upload (C-36, C-37). */
  async function mount(name: RepositoryName, query: URLSearchParams, session: Session): Promise<boolean> {
    const digest = parseDigest(query.get('mount') ?? '')
    if (!query.get('from')) return false
    const from = parseRepositoryName(query.get('from')!)
    return (await mayAll(session, [{ name: from, action: 'pull' }])) && registry.mountBlob(name, actorOf(session.caller), from, digest)
  }

  async function answerUpload({ name, id, query }: At<'upload'>, { request, response, session }: Exchange): Promise<void> {
    switch (request.method) {
      case 'PATCH':
        return sendUpload(response, 202, name, await registry.appendUpload(name, id, body(request), parseContentRange(request)))
      case 'PUT': {
        const digest = parseDigest(query.get('digest') ?? '')
        await registry.finishUpload(name, id, actorOf(session.caller), digest, body(request), parseContentRange(request))
        return sendBlobCreated(response, name, digest)
      }
      case 'DELETE':
        await registry.cancelUpload(name, id)
        return send(response, 204)
      default:
        return sendUpload(response, 204, name, await registry.findUpload(name, id))
    }
  }

  async function* body(request: IncomingMessage): Bytes & AsyncGenerator<Uint8Array> {
    for await (const chunk of limited(request, limits.blobBytes)) {
      options.onBytes('received', chunk.length)
      yield chunk
    }
  }
}

/** The method map (C-34, C-35): what each endpoint takes, and the right it needs. Throws UNSUPPORTED for other verbs. */
const methods: Record<RegistryRequest['at'], Record<string, Action | 'any'>> = {
  base: { GET: 'any', HEAD: 'any' },
  catalog: { GET: 'any', HEAD: 'any' },
  tags: { GET: 'pull', HEAD: 'pull' },
  referrers: { GET: 'pull', HEAD: 'pull' },
  manifest: { GET: 'pull', HEAD: 'pull', PUT: 'push', DELETE: 'delete' },
  blob: { GET: 'pull', HEAD: 'pull', DELETE: 'delete' },
  uploads: { POST: 'push' },
  upload: { GET: 'push', HEAD: 'push', PATCH: 'push', PUT: 'push', DELETE: 'push' },
}

function rightsNeeded(asked: RegistryRequest, method: string): Need | undefined {
  const action = Object.hasOwn(methods[asked.at], method) ? methods[asked.at][method] : undefined
  if (action === undefined) {
    throw new OciError('UNSUPPORTED', `${method} is not supported here`, { headers: { allow: Object.keys(methods[asked.at]).join(', ') } })
  }
  return action === 'any' || !('name' in asked) ? undefined : { name: asked.name, action }
}

function scopeOf({ name, action }: Need): string {
  return `repository:${name}:${action === 'push' ? 'pull,push' : action}`
}

/** A browser would answer a Basic challenge with a dialog and keep the password for any site to use (X23). */
function basicChallenge(request: IncomingMessage): Record<string, string> {
  const isBrowser = request.headers['sec-fetch-mode'] !== undefined || request.headers['sec-fetch-site'] !== undefined
  return isBrowser ? {} : { 'www-authenticate': 'Basic realm="harbor"' }
}

function parsePage(query: URLSearchParams, most: number): Page {
  const n = query.get('n')
  if (n !== null && !/^\d{1,9}$/.test(n)) throw new OciError('PAGINATION_NUMBER_INVALID', 'n must be a whole number, 0 or more', { detail: { n: n.slice(0, 40) } })
  const last = query.get('last') ?? ''
  if (last.length > 512 || last.includes('\0')) throw new OciError('BAD_REQUEST', 'last is not a name from an earlier page')
  return { limit: n === null ? most : Math.min(Number(n), most), last }
}

/** Of one row more than asked for, the page, and the link to the next (RFC 8288). */
function cutPage<Row>(rows: Row[], limit: number, path: string, nameOf: (row: Row) => string, more: Record<string, string> = {}) {
  const shown = rows.slice(0, limit)
  if (limit === 0 || rows.length <= limit) return { shown, headers: {} }
  const next = new URLSearchParams({ ...more, n: String(limit), last: nameOf(shown.at(-1)!) })
  return { shown, headers: { link: `<${path}?${next.toString()}>; rel="next"` } }
}

/** `Content-Range: <first>-<last>` of a chunk, checked against Content-Length (C-49, C-50). Returns the first byte's number. */
function parseContentRange(request: IncomingMessage): number | undefined {
  const header = request.headers['content-range']
  if (header === undefined) return undefined
  const [, first, last] = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d{1,15}|\*))?$/.exec(header.trim()) ?? []
  if (first === undefined || last === undefined || Number(last) < Number(first)) throw new OciError('RANGE_INVALID', 'Content-Range must be <first byte>-<last byte>')
  const length = request.headers['content-length']
  if (length !== undefined && Number(length) !== Number(last) - Number(first) + 1) throw new OciError('SIZE_INVALID', 'Content-Length and Content-Range disagree')
  return Number(first)
}

function parseAlgorithm(text: string | null): DigestAlgorithm {
  if (text === null || text === 'sha256') return 'sha256'
  if (text === 'sha512') return 'sha512'
  throw new OciError('DIGEST_INVALID', 'digest-algorithm must be sha256 or sha512')
}

function matches(request: IncomingMessage, digest: Digest): boolean {
  const header = request.headers['if-none-match']
  if (header === undefined) return false
  return header.split(',').some((one) => {
    const tag = one.trim().replace(/^W\//, '').replace(/^"(.*)"$/, '$1')
    return tag === digest || tag === '*'
  })
}

function sendUpload(response: Answer, status: number, name: RepositoryName, { id, size }: Upload, more: OutgoingHttpHeaders = {}) {
  send(response, status, { location: `/v2/${name}/blobs/uploads/${id}`, range: `0-${Math.max(0, size - 1)}`, 'docker-upload-uuid': id, ...more })
}

function sendBlobCreated(response: Answer, name: RepositoryName, digest: Digest) {
  send(response, 201, { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest })
}

function sendJson(response: Answer, status: number, value: unknown, headers: OutgoingHttpHeaders = {}) {
  send(response, status, { 'content-type': 'application/json', ...headers }, JSON.stringify(value))
}

function send(response: Answer, status: number, headers: OutgoingHttpHeaders = {}, body: string | Buffer = '') {
  // 204 and 304 have no length of their own; HEAD brings the length of what GET would send.
  const length = status === 204 || status === 304 || headers['content-length'] !== undefined ? {} : { 'content-length': Buffer.byteLength(body) }
  response.writeHead(status, { 'x-request-id': response.requestId, ...fixedHeaders, ...headers, ...length })
  // Node sends headers and a string in one write, headers and a buffer in a costlier writev. Latin-1 keeps every byte.
  if (typeof body === 'string' || body.length > oneWriteBytes) response.end(body)
  else response.end(body.toString('latin1'), 'latin1')
}

const manifestHeaders = ({ digest, mediaType }: Pick<ManifestStat, 'digest' | 'mediaType'>) => ({ 'content-type': mediaType, 'docker-content-digest': digest, etag: `"${digest}"` })

/** A manifest as it goes out: header names and values in turns, and its bytes as text where they are few (see `send`). */
type Wire = { headers: (string | number)[]; text: string | undefined }
const wires = new WeakMap<ManifestRead, Wire>()

/** Worked out once for as long as memory holds the manifest. */
function wireOf(found: ManifestRead): Wire {
  let wire = wires.get(found)
  if (!wire) {
    const { content } = found
    const headers = Object.entries({ ...fixedHeaders, ...manifestHeaders(found), 'content-length': content.length }).flat()
    wires.set(found, (wire = { headers, text: content.length > oneWriteBytes ? undefined : content.toString('latin1') }))
  }
  return wire
}

/** With its headers still within the 16 KiB that Node writes without allocating. */
const oneWriteBytes = 8192

/** The specification's answer for an error; undefined when it is none of ours. */
export function sendOciError(response: Answer, error: unknown): boolean {
  const known = error instanceof BodyTooLarge ? new OciError('SIZE_INVALID', error.message, { status: 413 }) : error
  if (!(known instanceof OciError)) return false
  send(response, known.status, { 'content-type': 'application/json', ...known.headers }, errorBody([known]))
  return true
}

