import { createHash } from 'node:crypto'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { openLru } from '../../platform/lru.ts'
import type { Uses } from '../../platform/uses.ts'
import type { Caller } from '../../registry/caller.ts'
import { IssuerUnreachable, type Issuers } from './issuers.ts'
import { TokenRefused } from './refused.ts'
import { reasonsAgainst } from './rules.ts'
import { rulesOf, takeOnce, type TrustRule } from './store.ts'
import { facts } from './topics.ts'
import { checkTimes, isSigned, parseKeys, readToken, type ReadToken, type Times } from './verify.ts'

export type Workload = Extract<Caller, { kind: 'workload' }>

export type AdmitOptions = {
  reader: Reader & { db: Db }
  issuers: Issuers
  limits: Times & { tokenBytes: number }
  uses: Pick<Uses, 'note'>
}

/** The most rules that one caller carries: each of its requests looks at all of them. */
const mostRules = 50
/** The tokens of which the audit log was told by this process. */
const toldTokens = 10_000

/**
 * Takes a token of another issuer, and returns the caller whom all rules that fit make together. Throws TokenRefused,
 * with a message that tells nothing about rules.
 */
export function openAdmission(options: AdmitOptions): (text: string) => Promise<Workload> {
  const { reader, limits, uses } = options
  const told = openLru<string, true>(toldTokens)

  return async (text) => {
    const token = readToken(text, limits.tokenBytes)
    const trusted = await trustedBy(options, token)
    checkTimes(token, limits, Date.now())
    const fitting = trusted.filter((rule) => reasonsAgainst(rule, token.claims).length === 0)
    if (fitting.length === 0)
      throw new TokenRefused('claims', 'no trust rule takes this token: an administrator can test why')
    const rules = await withoutUsed(reader.db, token, limits, fitting.slice(0, mostRules))
    if (rules.length === 0)
      throw new TokenRefused('used', 'this token was used before, and is good for one exchange only')
    for (const { id } of rules) uses.note(id)
    const caller = callerOf(token, rules)
    await tell(token, caller, rules)
    return caller
  }

  /** Emits one fact for each token: a push asks for several registry tokens with the same one. */
  async function tell(token: ReadToken, caller: Workload, rules: TrustRule[]): Promise<void> {
    const digest = createHash('sha256').update(token.text).digest('base64')
    if (told.has(digest)) return
    const { issuer, subject } = token
    const places = new Set(rules.map(({ projectId }) => projectId))
    const projectId = places.size === 1 ? rules[0]!.projectId : null
    const fact = { name: caller.name, issuer, subject, rules: rules.map(({ name }) => name), projectId }
    const { kind, id, name } = caller
    await reader.db.transaction((tx) => emit(tx, [facts.admitted(fact, { kind, id, name })]))
    told.set(digest, true)
  }
}

/** The rules that are on, trust the issuer, and know a key that has signed the token. Throws TokenRefused. */
async function trustedBy({ reader, issuers }: AdmitOptions, token: ReadToken): Promise<TrustRule[]> {
  const check = openSignatureCheck(issuers, token)
  const trusted: TrustRule[] = []
  let why: unknown
  for await (const rule of rulesOf(reader.db, token.issuer)) {
    if (rule.isDisabled || rule.makerId === null) continue
    const problem = await check(rule.jwks)
    if (problem) why = problem
    else trusted.push(rule)
  }
  if (trusted.length > 0) return trusted
  if (why instanceof IssuerUnreachable)
    throw new TokenRefused('unreachable', 'the keys of the issuer cannot be read now: try again later', { cause: why })
  if (why) throw new TokenRefused('signature', 'no key of its issuer has signed this token')
  throw new TokenRefused('untrusted', 'no trust rule knows the issuer of this token')
}

/**
 * Checks the signature by the keys of a rule, or by those of the issuer where the rule has none; once for each. Returns
 * what is wrong, IssuerUnreachable included.
 */
export function openSignatureCheck(
  issuers: Issuers,
  token: ReadToken,
): (jwks: string | null) => Promise<Error | undefined> {
  const checked = new Map<string | null, Promise<Error | undefined>>()
  const wrong = new Error('no key of its issuer has signed this token')
  const check = async (jwks: string | null): Promise<Error | undefined> => {
    if (jwks !== null) return (await isSigned(token, parseKeys(jwks))) === true ? undefined : wrong
    const first = await isSigned(token, await issuers.keysOf(token.issuer))
    const isRight = first === 'unknown key' ? await isSigned(token, await issuers.keysOf(token.issuer, true)) : first
    return isRight === true ? undefined : wrong
  }
  return (jwks) => {
    const known = checked.get(jwks)
    if (known) return known
    const made = check(jwks).catch((error: unknown) => {
      if (error instanceof IssuerUnreachable) return error
      throw error
    })
    checked.set(jwks, made)
    return made
  }
}

/** Without the rules that take a token once, when this one was taken before. */
async function withoutUsed(db: Db, { claims }: ReadToken, { clockSkewMs }: Times, rules: TrustRule[]) {
  const until = new Date((claims['exp'] as number) * 1000 + clockSkewMs)
  const isFresh = (id: number) => takeOnce(db, id, claims['jti'] as string, until)
  const kept = await Promise.all(rules.map(async ({ id, isOneUse }) => !isOneUse || isFresh(id)))
  return rules.filter((_, at) => kept[at])
}

function callerOf({ issuer, subject }: ReadToken, rules: TrustRule[]): Workload {
  const seconds = Math.min(...rules.map(({ durationSeconds }) => durationSeconds))
  return {
    kind: 'workload',
    id: rules[0]!.id,
    name: workloadName(issuer, subject),
    rules: rules.map(({ id, version }) => [id, version] as const),
    until: Math.floor(Date.now() / 1000) + seconds,
  }
}

/** How logs name a workload: `gitlab.com#project_path:team/app:ref_type:branch:ref:main`. */
const workloadName = (issuer: string, subject: string) => `${issuer.replace(/^https?:\/\//, '')}#${subject}`
