import type { Static } from 'typebox'
import type * as api from '../../../api/workloads.ts'
import { countStars, patternLimits, patternProblem } from '../../catalog/selector.ts'
import type { Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import { isVisible } from '../../platform/visible.ts'
import { grantable, type Rights, type StoredScope } from '../access/index.ts'
import { parseScope, presentScopes } from '../accounts/index.ts'
import type { Examined } from './examine.ts'
import { isIssuerUrl } from './issuers.ts'
import { conditionsProblem, type Condition } from './rules.ts'
import type { NewRule, TrustRule } from './store.ts'
import { parseKeys } from './verify.ts'

type Wanted = Static<typeof api.WorkloadRuleReq>

const limits = { name: 64, description: 1024, issuer: 512, audience: 255, jwks: 64 * 1024, repositories: 20 }
const defaultSeconds = 3600
const shortestSeconds = 60

/** Rights that are gone after minutes may make nothing that stays: no members and no robots. */
const neverGiven = new Set(['robot', 'member'])

/** The rule that a request wants; `project` undefined: of the system. Throws BAD_REQUEST. */
export async function parseRule(
  reader: Reader,
  rights: Rights,
  body: Wanted,
  project: Project | undefined,
  longestMs: number,
): Promise<NewRule> {
  const { name, issuer, audience, jwks, description = '', repositories = [] } = body
  const claims = body.claims.map(parseCondition)
  refuse(
    textsProblem(name, description, audience) ??
      issuerProblem(issuer) ??
      keysProblem(jwks) ??
      conditionsProblem(issuer, claims) ??
      repositoriesProblem(repositories),
  )
  const scope = await parseScope(reader, rights, body.permissions)
  refuse(scopeProblem(scope, project, repositories.length > 0))
  return {
    name,
    description,
    issuer,
    jwks: jwks || null,
    audience,
    claims,
    scope,
    repositories,
    durationSeconds: parseDuration(body.duration, longestMs),
    isOneUse: body.one_use ?? false,
    isDisabled: body.disable ?? false,
  }
}

function refuse(problem: string | undefined): void {
  if (problem) throw new Failure('BAD_REQUEST', problem)
}

function parseCondition({ claim, equals, matches }: Static<typeof api.ClaimRule>): Condition {
  if (equals !== undefined && matches === undefined) return { claim, equals }
  if (matches !== undefined && equals === undefined) return { claim, matches }
  throw new Failure('BAD_REQUEST', `the condition on claim ${claim} needs either equals or matches`)
}

function textsProblem(name: string, description: string, audience: string): string | undefined {
  if (name.length < 1 || name.length > limits.name || !isVisible(name))
    return `a rule has a name of 1 to ${limits.name} characters, without invisible ones`
  if (description.length > limits.description) return `a description has at most ${limits.description} characters`
  return audience.length < 1 || audience.length > limits.audience
    ? `audience must have 1 to ${limits.audience} characters`
    : undefined
}

function issuerProblem(issuer: string): string | undefined {
  if (issuer.length > limits.issuer || !isIssuerUrl(issuer) || new URL(issuer).search !== '')
    return `issuer must be a URL with https, without name and query, of at most ${limits.issuer} characters`
  return undefined
}

function keysProblem(jwks: string | undefined): string | undefined {
  if (!jwks) return undefined
  if (jwks.length > limits.jwks) return `jwks has at most ${limits.jwks} characters`
  try {
    parseKeys(jwks)
    return undefined
  } catch (error) {
    return `jwks cannot be used: ${(error as Error).message}`
  }
}

function repositoriesProblem(patterns: string[]): string | undefined {
  if (patterns.length > limits.repositories) return `a rule has at most ${limits.repositories} patterns of repositories`
  for (const pattern of patterns) {
    const why = pattern === '' ? 'it is empty' : patternProblem(pattern)
    if (why || pattern.length > patternLimits.length)
      return `the pattern ${pattern.slice(0, 100)} of repositories cannot be used: ${why ?? 'it is too long'}`
  }
  if (countStars(patterns) > patternLimits.stars) return `patterns have at most ${patternLimits.stars} stars together`
  return undefined
}

const ofRepositories = new Set(['repository:pull', 'repository:push', 'repository:delete'])

function scopeProblem(
  { system, projects }: StoredScope,
  project: Project | undefined,
  hasPatterns: boolean,
): string | undefined {
  if (system.length > 0) return 'a trust rule gives permissions of kind project alone'
  if (project && Object.keys(projects).some((place) => place !== String(project.id)))
    return `a trust rule of project ${project.name} gives permissions in that project alone`
  for (const right of Object.values(projects).flat()) {
    const [resource = '', action] = right.split(':')
    const isKnown = grantable.project.some((one) => one.resource === resource && one.action === action)
    if (!isKnown || neverGiven.has(resource)) return `a trust rule cannot give ${right}`
    if (hasPatterns && !ofRepositories.has(right))
      return `with patterns of repositories a rule gives ${[...ofRepositories].join(', ')} alone, not ${right}`
  }
  return undefined
}

function parseDuration(seconds: number | undefined, longestMs: number): number {
  const longest = Math.floor(longestMs / 1000)
  const wanted = seconds ?? Math.min(defaultSeconds, longest)
  refuse(
    wanted < shortestSeconds || wanted > longest
      ? `duration must be ${shortestSeconds} to ${longest} s (MARINA_WORKLOAD_SECRET_LIFE)`
      : undefined,
  )
  return wanted
}

/** Rules as the API shows them, with the names that projects have now. */
export async function presentRules(db: Queryable, rules: TrustRule[]): Promise<Static<typeof api.WorkloadRule>[]> {
  const scopes = await presentScopes(
    db,
    rules.map(({ scope }) => scope),
  )
  return rules.map((rule, at) => ({
    id: rule.id,
    ...(rule.projectId === null ? {} : { project_id: rule.projectId }),
    name: rule.name,
    description: rule.description,
    issuer: rule.issuer,
    ...(rule.jwks === null ? {} : { jwks: rule.jwks }),
    audience: rule.audience,
    claims: rule.claims,
    permissions: scopes[at] ?? [],
    repositories: rule.repositories,
    duration: rule.durationSeconds,
    one_use: rule.isOneUse,
    disable: rule.isDisabled,
    ...(rule.makerName === null ? {} : { maker: rule.makerName }),
    creation_time: rule.createdAt.toISOString(),
    update_time: rule.updatedAt.toISOString(),
    ...(rule.lastUsedAt === null ? {} : { last_used_time: rule.lastUsedAt.toISOString() }),
  }))
}

export async function presentExamined(
  db: Queryable,
  { verdicts, issuer, subject, claims, problem }: Examined,
): Promise<Static<typeof api.WorkloadTest>> {
  const scopes = await presentScopes(
    db,
    verdicts.map(({ scope }) => scope),
  )
  return {
    fits: verdicts.some(({ reasons }) => reasons.length === 0),
    ...(problem === undefined ? {} : { problem }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(subject === undefined ? {} : { subject }),
    ...(claims === undefined ? {} : { claims }),
    rules: verdicts.map(({ rule, reasons }, at) => ({
      id: rule.id,
      name: rule.name,
      fits: reasons.length === 0,
      reasons,
      permissions: scopes[at] ?? [],
      repositories: rule.repositories,
      duration: rule.durationSeconds,
    })),
  }
}
