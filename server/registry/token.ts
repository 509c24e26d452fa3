import { randomUUID } from 'node:crypto'
import { errors as joseErrors, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import { OciError } from '../../oci/errors.ts'
import { isRepositoryName, projectOf, type RepositoryName } from '../../oci/reference.ts'
import { andThen, type Maybe } from '../platform/maybe.ts'
import { actions, anonymous, type Action, type Caller, type TrustedBy } from './caller.ts'
import { tokenAlgorithm, type Keys } from './keys.ts'

/** Harbor's service name; clients and scripts carry it in their configuration. */
export const serviceName = 'harbor-registry'
const issuer = 'harbor-token-issuer'
const leewaySeconds = 60

/**
 * What a token grants. `repositories`: name → actions. `projects`: name → id when the token was made. `catalog`:
 * whether the token names the catalog; which repositories its holder sees there is decided at each request.
 */
export type Grants = {
  repositories: ReadonlyMap<string, ReadonlySet<Action>>
  projects: ReadonlyMap<string, number>
  catalog: boolean
}

export type Bearer = { caller: Caller; grants: Grants }

/**
 * One `scope`: `repository:library/alpine:pull,push`. A name may hold colons (host:port/name), a type a class:
 * `repository(plugin)`.
 */
type Scope = { type: string; class?: string; name: string; actions: string[] }

const limits = { scopes: 100, scopeLength: 4096 }

/** Reads all scope parameters; each may hold several scopes separated by spaces (C-05). BAD_REQUEST beyond `limits`. */
export function parseScopes(parameters: string[]): Scope[] {
  const texts = parameters.flatMap((one) => one.split(' ')).filter((one) => one !== '')
  if (texts.length > limits.scopes) throw new OciError('BAD_REQUEST', `at most ${limits.scopes} scopes in one request`)
  return texts.map((text) => {
    if (text.length > limits.scopeLength)
      throw new OciError('BAD_REQUEST', `a scope has at most ${limits.scopeLength} characters`)
    const first = text.indexOf(':')
    const last = text.lastIndexOf(':')
    if (first < 0 || first === last) return { type: text, name: '', actions: [] }
    return {
      ...parseType(text.slice(0, first)),
      name: text.slice(first + 1, last),
      actions: text
        .slice(last + 1)
        .split(',')
        .filter((one) => one !== ''),
    }
  })
}

/** Reads a type by Docker Distribution's grammar: resourcetype ["(" resourceclass ")"]. The class changes no right. */
function parseType(text: string): Pick<Scope, 'type' | 'class'> {
  const [, type, kind] = /^([a-z0-9]+)\(([a-z0-9]+)\)$/.exec(text) ?? []
  return type === undefined || kind === undefined ? { type: text } : { type, class: kind }
}

/** What the token service asks of `features/access`. */
export type Rights = {
  /** May the caller do this to the repository now? */
  mayTouch(caller: Caller, repository: string, action: Action): Maybe<boolean>
  /** As mayTouch, and only if the project has this id: a project made again under an old name is another one (C-12). */
  mayTouchIn(caller: Caller, repository: RepositoryName, action: Action, projectId: number | undefined): Maybe<boolean>
  mayListCatalog(caller: Caller): Promise<boolean>
  projectId(name: string): Promise<number | undefined>
}

type Access = Scope

/**
 * The granted part of each scope: what was asked for and is allowed; `*` asks for all that is allowed (C-07). A type,
 * action, name or project that does not exist gives an entry without actions, as a missing right does (C-06).
 */
export async function grant(
  rights: Rights,
  caller: Caller,
  scopes: Scope[],
): Promise<{ access: Access[]; projects: Record<string, number> }> {
  const projects: Record<string, number> = {}
  const access: Access[] = []
  for (const { type, class: kind, name, actions: asked } of scopes) {
    const granted: string[] = []
    if (type === 'repository' && isRepositoryName(name)) {
      for (const action of actions) {
        if ((asked.includes(action) || asked.includes('*')) && (await rights.mayTouch(caller, name, action)))
          granted.push(action)
      }
      const id = granted.length > 0 ? await rights.projectId(projectOf(name)) : undefined
      if (id !== undefined) projects[projectOf(name)] = id
    } else if (
      type === 'registry' &&
      name === 'catalog' &&
      asked.includes('*') &&
      (await rights.mayListCatalog(caller))
    ) {
      granted.push('*')
    }
    access.push({ type, ...(kind === undefined ? {} : { class: kind }), name, actions: granted })
  }
  return { access, projects }
}

export type Tokens = {
  /** The token is valid for `seconds`, which the settings say by default. */
  issue(
    caller: Caller,
    granted: Awaited<ReturnType<typeof grant>>,
    seconds?: number,
  ): Promise<{ token: string; expiresIn: number; issuedAt: Date }>
  /** Undefined when Marina did not sign the token, it is not valid now, or it is a secret. */
  verify(token: string): Maybe<Bearer | undefined>
  /** A secret for a caller who has no stored one: to be sent as a password, and no bearer token. */
  issueSecret(caller: Caller, seconds: number): Promise<string>
  /** Undefined when it is no secret that Marina signed, or it is not valid now. */
  verifySecret(secret: string): Maybe<Caller | undefined>
}

/**
 * `uid` or `rid`: the id of the account or robot, so that the token is useless once another one has its name. `tid`:
 * that of the personal token by which the account came, which limits what it may do.
 * `scanner`: the task for which a scanner pulls, and the one repository.
 * `workload`: the trust rules that took the token of a pipeline, and when what they gave ends, in s since 1970.
 * `secret`: it is a password, and no bearer token.
 */
type Claims = {
  access?: Access[]
  uid?: number
  rid?: number
  tid?: number
  scanner?: { task: number; repository: string }
  workload?: { rules: TrustedBy[]; until: number }
  secret?: true
  projects?: Record<string, number>
}

type Checked = { bearer: Bearer; isSecret: boolean; notAfter: number }
type Verified = Checked & { token: string }

/**
 * The key of a verified token in memory: the end of its signature. Tokens are then compared whole. To hash a whole
 * token would take longer than all other work of a pull that the memory cache answers.
 */
const tailOf = (token: string) => token.slice(-40)

/**
 * `ttlMs` is rounded to seconds. Verified tokens are remembered until they expire: checking a signature takes longer
 * than a pull.
 */
export function openTokens(keys: Keys, ttlMs: () => Promise<number>): Tokens {
  const sizeCalculation = ({ token }: Verified) => token.length + 500
  const verified = new LRUCache<string, Verified>({ maxSize: 32 * 2 ** 20, sizeCalculation })

  return {
    async issue(caller, { access, projects }, seconds) {
      const wanted = seconds ?? Math.round((await ttlMs()) / 1000)
      const left = caller.kind === 'workload' ? caller.until - nowSeconds() : Infinity
      return sign(caller, { access, projects }, Math.max(1, Math.min(wanted, left)))
    },

    verify: (token) => andThen(find(token), (found) => (found?.isSecret === false ? found.bearer : undefined)),

    issueSecret: async (caller, seconds) => (await sign(caller, { secret: true }, seconds)).token,

    verifySecret: (secret) => andThen(find(secret), (found) => (found?.isSecret ? found.bearer.caller : undefined)),
  }

  async function sign(caller: Caller, more: Claims, ttl: number) {
    const { id, key } = await keys.signing()
    const now = nowSeconds()
    const claims: Claims = { ...more, ...holderOf(caller) }
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: tokenAlgorithm, typ: 'JWT', kid: id })
      .setIssuer(issuer)
      .setSubject(caller.kind === 'anonymous' ? '' : caller.name)
      .setAudience([serviceName])
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + ttl)
      .setJti(randomUUID())
      .sign(key)
    return { token, expiresIn: ttl, issuedAt: new Date(now * 1000) }
  }

  function find(token: string): Maybe<Checked | undefined> {
    const known = verified.get(tailOf(token))
    if (known?.token === token) return known.notAfter > Date.now() ? known : undefined
    return check(token).then((found) => {
      if (found) verified.set(tailOf(token), { token, ...found })
      return found
    })
  }

  async function check(token: string): Promise<Checked | undefined> {
    try {
      const { kid, alg } = decodeProtectedHeader(token)
      const key =
        alg === tokenAlgorithm && typeof kid === 'string' && kid.length < 64 ? await keys.verifying(kid) : undefined
      if (!key) return undefined
      const { payload } = await jwtVerify<Claims>(token, key, {
        algorithms: [tokenAlgorithm],
        issuer,
        audience: serviceName,
        clockTolerance: leewaySeconds,
        requiredClaims: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'],
      })
      return {
        bearer: { caller: readCaller(payload), grants: readGrants(payload) },
        isSecret: payload.secret === true,
        notAfter: (payload.exp! + leewaySeconds) * 1000,
      }
    } catch (error) {
      // Whatever is wrong with a token, the answer is the same. That the database is down says nothing of the token.
      if (error instanceof joseErrors.JOSEError || error instanceof TypeError || error instanceof SyntaxError)
        return undefined
      throw error
    }
  }
}

const nowSeconds = () => Math.floor(Date.now() / 1000)

function holderOf(caller: Caller): Pick<Claims, 'uid' | 'rid' | 'tid' | 'scanner' | 'workload'> {
  if (caller.kind === 'user') return { uid: caller.id, ...(caller.token === undefined ? {} : { tid: caller.token }) }
  if (caller.kind === 'robot') return { rid: caller.id }
  if (caller.kind === 'workload') return { workload: { rules: [...caller.rules], until: caller.until } }
  return caller.kind === 'scanner' ? { scanner: { task: caller.id, repository: caller.repository } } : {}
}

function readCaller({ uid, rid, tid, scanner, workload, sub = '' }: Claims & { sub?: string }): Caller {
  if (uid !== undefined) return { kind: 'user', id: uid, name: sub, ...(tid === undefined ? {} : { token: tid }) }
  if (scanner) return { kind: 'scanner', id: scanner.task, name: sub, repository: scanner.repository }
  if (workload) return { kind: 'workload', id: workload.rules[0]?.[0] ?? 0, name: sub, ...workload }
  return rid === undefined ? anonymous : { kind: 'robot', id: rid, name: sub }
}

function readGrants({ access = [], projects = {} }: Claims): Grants {
  const repositories = new Map<string, Set<Action>>()
  for (const { type, name, actions: granted } of access) {
    if (type !== 'repository') continue
    const known = repositories.get(name) ?? new Set<Action>()
    for (const action of actions) if (granted.includes(action)) known.add(action)
    repositories.set(name, known)
  }
  return {
    repositories,
    projects: new Map(Object.entries(projects)),
    catalog: access.some(({ type, name }) => type === 'registry' && name === 'catalog'),
  }
}
