import type { IncomingMessage } from 'node:http'
import { OciError } from '../../../oci/errors.ts'
import { projectOf, type RepositoryName } from '../../../oci/reference.ts'
import { reservedProjects } from '../../catalog/project.ts'
import type { Viewer } from '../../catalog/viewer.ts'
import type { Answer, Peer } from '../../platform/http/server.ts'
import { andThen, type Maybe } from '../../platform/maybe.ts'
import { anonymous, type Action, type Caller } from '../caller.ts'
import type { ManifestRead } from '../registry.ts'
import type { RegistryRequest } from '../request.ts'
import { serviceName, type Bearer, type Grants, type Rights, type Tokens } from '../token.ts'

/** Who is asking, and by which credentials. A caller with refused credentials never counts as anonymous (C-19). */
export type Session = {
  by: 'nothing' | 'basic' | 'bearer' | 'certificate'
  caller: Caller
  grants?: Grants
  isRefused?: true
}

/** A right that a request needs. */
type Need = { name: RepositoryName; action: Action }

/** One request with its answer and the session it came in. */
export type Exchange = {
  request: IncomingMessage
  response: Answer
  session: Session
  peer: Peer
  /** The manifest that was sent, with nothing to say beside it. */
  sent?: ManifestRead
}

/** What parseRequest returns for one kind of endpoint. */
export type At<Kind extends RegistryRequest['at']> = Extract<RegistryRequest, { at: Kind }>

export type SessionOptions = {
  tokens: Tokens
  rights: Rights & {
    /** False for an account that was disabled or deleted since it got its token. */
    isActive(caller: Caller): Promise<boolean>
    /** The view that lists are made for: which projects the caller may see. */
    viewer(caller: Caller): Promise<Viewer>
  }
  /** Checks a name and a password or secret. Undefined: wrong. Throws TOOMANYREQUESTS when guessing is slowed. */
  login(name: string, password: string, address: string): Promise<Caller | undefined>
  /**
   * The caller for whom a trusted issuer vouches by this token. Throws UNAUTHORIZED with the reason, UNAVAILABLE and
   * TOOMANYREQUESTS.
   */
  exchange(token: string, address: string): Promise<Caller>
  /** The caller of the certificate that a request came with; undefined without one. Throws UNAUTHORIZED. */
  byCertificate?: ((request: IncomingMessage) => Promise<Caller | undefined>) | undefined
  /** Called when a caller tries to push or delete without the right to. */
  onRefused(caller: Caller, need: Need): void
  externalUrl: string | undefined
}

/** The session of a request, by its `Authorization` header. No promise for a token that was verified before. */
export function identify(options: SessionOptions, request: IncomingMessage, peer: Peer): Maybe<Session> {
  const header = request.headers.authorization
  if (header === undefined)
    return options.byCertificate ? identifyByCertificate(options.byCertificate, request) : nobody
  if (!/^bearer /i.test(header)) return identifyBasic(options, header, peer)
  return andThen(options.tokens.verify(header.slice(7).trim()), sessionOf)
}

const nobody: Session = { by: 'nothing', caller: anonymous }

/** A name and a password, or a token, count before a certificate: they are what the client chose for this request. */
async function identifyByCertificate(
  byCertificate: NonNullable<SessionOptions['byCertificate']>,
  request: IncomingMessage,
): Promise<Session> {
  const caller = await byCertificate(request)
  return caller ? { by: 'certificate', caller } : nobody
}

/** All of /v2's authorization. Throws UNAUTHORIZED, so that absent and forbidden repositories look alike (C-31). */
export function checkRights(options: SessionOptions, asked: RegistryRequest, exchange: Exchange): Maybe<void> {
  const { session } = exchange
  const need = rightNeeded(asked, exchange.request.method!)
  if (session.by === 'nothing' || session.isRefused) throw unauthorized(options, asked, need, exchange)
  // S0-48: nothing exists below a reserved name, for any caller, the administrator included.
  if ('name' in asked && reservedProjects.includes(projectOf(asked.name))) throw new OciError('NAME_UNKNOWN')
  // A caller who has the right is active: isActive is asked only where no right is needed, or the right is missing.
  const known = need ? mayTouch(options, session, need) : false
  if (known === true) return undefined
  return andThen(known, (may) => (may ? undefined : checkWithoutRight(options, asked, need, exchange)))
}

/**
 * A token grants at most what it names, and only while its holder still has the right himself (C-15). One of nobody
 * takes nothing away: clients of a mirror get one for the name that the image has elsewhere.
 */
export function mayTouch({ rights }: Pick<SessionOptions, 'rights'>, session: Session, need: Need): Maybe<boolean> {
  const { caller, grants } = session
  const { name, action } = need
  if (!grants) return rights.mayTouch(caller, name, action)
  if (!grants.repositories.get(name)?.has(action))
    return caller.kind === 'anonymous' && rights.mayTouch(caller, name, action)
  return rights.mayTouchIn(caller, name, action, grants.projects.get(projectOf(name)))
}

/** None for a browser: it would ask for the password, keep it, and send it with requests from any other site (X23). */
export function basicChallenge(request: IncomingMessage): Record<string, string> {
  return isBrowser(request) ? {} : { 'www-authenticate': 'Basic realm="harbor"' }
}

/** Browsers say with each request where it comes from (Fetch Metadata); no other client does. */
export const isBrowser = ({ headers }: IncomingMessage): boolean =>
  headers['sec-fetch-mode'] !== undefined || headers['sec-fetch-site'] !== undefined

/** The methods that each endpoint takes, and the right that each method needs (C-34, C-35). */
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

function sessionOf(bearer: Bearer | undefined): Session {
  if (!bearer) return { by: 'bearer', caller: anonymous, isRefused: true }
  return { by: 'bearer', caller: bearer.caller, grants: bearer.grants }
}

async function identifyBasic({ login }: SessionOptions, header: string, peer: Peer): Promise<Session> {
  const pair = /^basic /i.test(header) ? Buffer.from(header.slice(6).trim(), 'base64').toString('utf8') : ''
  const colon = pair.indexOf(':')
  const caller = colon < 0 ? undefined : await login(pair.slice(0, colon), pair.slice(colon + 1), peer.address)
  return caller ? { by: 'basic', caller } : { by: 'basic', caller: anonymous, isRefused: true }
}

/**
 * Refuses a caller who lacks the right that is needed, and one who needs none but is not active any more: a token or a
 * certificate may be older than that.
 */
async function checkWithoutRight(
  options: SessionOptions,
  asked: RegistryRequest,
  need: Need | undefined,
  exchange: Exchange,
): Promise<void> {
  const { session } = exchange
  const isOld = session.by === 'bearer' || session.by === 'certificate'
  if (isOld && !(await options.rights.isActive(session.caller))) session.isRefused = true
  if (!session.isRefused && need && need.action !== 'pull') options.onRefused(session.caller, need)
  if (!session.isRefused && need) await refuseAbsentProject(options, session.caller, need)
  const isAllowed = !session.isRefused && !need && (asked.at !== 'catalog' || maySeeCatalog(session))
  if (!isAllowed) throw unauthorized(options, asked, need, exchange)
}

/**
 * Throws NAME_UNKNOWN when the project does not exist and the caller may see all projects. Such a caller lacks no
 * right, so that a denial would mislead.
 */
async function refuseAbsentProject({ rights }: SessionOptions, caller: Caller, { name }: Need): Promise<void> {
  const project = projectOf(name)
  // The caller first: to others the question whether there is such a project must cost the same either way.
  if (!(await rights.viewer(caller)).seesAll || (await rights.projectId(project)) !== undefined) return
  throw new OciError('NAME_UNKNOWN', `project ${project} not found`, { detail: { name } })
}

/** Throws UNSUPPORTED for a method that the endpoint does not take. */
function rightNeeded(asked: RegistryRequest, method: string): Need | undefined {
  const known = methods[asked.at]
  const action = Object.hasOwn(known, method) ? known[method] : undefined
  if (action === undefined) {
    const headers = { allow: Object.keys(known).join(', ') }
    throw new OciError('UNSUPPORTED', `${method} is not supported here`, { headers })
  }
  return action === 'any' || !('name' in asked) ? undefined : { name: asked.name, action }
}

/** True for signed-in callers; a token must name the catalog. answerCatalog then filters by caller (C-41). */
function maySeeCatalog({ caller, grants }: Session): boolean {
  return caller.kind !== 'anonymous' && (grants === undefined || grants.catalog)
}

function unauthorized(
  options: SessionOptions,
  asked: RegistryRequest,
  need: Need | undefined,
  { request, session, peer }: Exchange,
): OciError {
  if (session.by === 'basic' && session.isRefused) {
    return new OciError('UNAUTHORIZED', undefined, { headers: basicChallenge(request) })
  }
  const scopes = scopesWanted(asked, need)
  const error = session.isRefused ? 'invalid_token' : 'insufficient_scope'
  const why = session.by === 'bearer' ? `,error="${error}"` : ''
  const scope = scopes.length > 0 ? `,scope="${scopes.join(' ')}"` : ''
  const realm = `${options.externalUrl ?? urlOf(peer)}/service/token`
  const challenge = `Bearer realm="${realm}",service="${serviceName}"${scope}${why}`
  return new OciError('UNAUTHORIZED', undefined, { headers: { 'www-authenticate': challenge } })
}

/** The scopes that a token must name for this request to be answered. */
function scopesWanted(asked: RegistryRequest, need: Need | undefined): string[] {
  const scopes = asked.at === 'catalog' ? ['registry:catalog:*'] : need ? [scopeOf(need)] : []
  if (asked.at !== 'uploads' || !asked.query.has('mount')) return scopes
  const from = asked.query.get('from')
  return from === null ? scopes : [...scopes, `repository:${from.replace(/[^a-z0-9._/-]/g, '')}:pull`]
}

function scopeOf({ name, action }: Need): string {
  return `repository:${name}:${action === 'push' ? 'pull,push' : action}`
}

/** The URL that the client used. The host name comes from the client: text that is no host name is replaced. */
function urlOf(peer: Peer): string {
  const host = /^[A-Za-z0-9._:[\]-]{1,255}$/.test(peer.host ?? '') ? peer.host : 'localhost'
  return `${peer.protocol}://${host}`
}
