import { countStars, patternProblem } from '../../catalog/selector.ts'
import { compilePattern } from '../../platform/doublestar.ts'
import { claimAt, textsOf, type Claims } from './claims.ts'

/** One condition on a claim: exactly this text, or a text that the pattern takes (platform/doublestar.ts). */
export type Condition = { claim: string; equals: string } | { claim: string; matches: string }

/** What a rule asks of a token whose signature is right. */
type Conditions = { audience: string; claims: readonly Condition[]; isOneUse: boolean }

const limits = { conditions: 20, claim: 128, value: 512, stars: 50, depth: 5 }

/** Why a token's claims do not fit a rule; empty when they do. The texts name claims and hold their values, cut. */
export function reasonsAgainst({ audience, claims, isOneUse }: Conditions, token: Claims): string[] {
  const wrongAudience = textsOf(token['aud']).includes(audience)
    ? []
    : [`aud is ${shown(token['aud'])}, not ${audience}`]
  const noId = isOneUse && typeof token['jti'] !== 'string' ? ['there is no jti, and the rule takes a token once'] : []
  return [...wrongAudience, ...noId, ...claims.flatMap((one) => reasonAgainst(one, token))]
}

function reasonAgainst(condition: Condition, token: Claims): string[] {
  const value = claimAt(token, condition.claim)
  if (value === undefined) return [`there is no claim ${condition.claim}`]
  const texts = textsOf(value)
  if (texts.length === 0) return [`${condition.claim} is no text, number or list of them: ${shown(value)}`]
  if ('equals' in condition)
    return texts.includes(condition.equals) ? [] : [`${condition.claim} is ${shown(value)}, not ${condition.equals}`]
  const pattern = compilePattern(condition.matches)
  return texts.some((text) => pattern.matches(text))
    ? []
    : [`${condition.claim} is ${shown(value)}, which ${condition.matches} does not take`]
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent'
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

/** Returns what is wrong with the conditions of a rule, or undefined. */
export function conditionsProblem(issuer: string, conditions: readonly Condition[]): string | undefined {
  if (conditions.length === 0 || conditions.length > limits.conditions)
    return `claims must have 1 to ${limits.conditions} conditions: without one, every token of the issuer would fit`
  for (const condition of conditions) {
    const problem = conditionProblem(condition)
    if (problem) return problem
  }
  if (countStars(conditions.map(patternOf)) > limits.stars)
    return `patterns have at most ${limits.stars} stars together`
  if (conditions.every((one) => isOpen(patternOf(one))))
    return 'claims take every token of the issuer: at least one condition must say more than *'
  return sharedProblem(issuer, conditions)
}

function conditionProblem(condition: Condition): string | undefined {
  const { claim } = condition
  if (claim.length < 1 || claim.length > limits.claim) return `a claim has a name of 1 to ${limits.claim} characters`
  if (claim.split('/').length > limits.depth) return `the name of a claim leads at most ${limits.depth} levels deep`
  const text = 'equals' in condition ? condition.equals : condition.matches
  if (text.length < 1 || text.length > limits.value)
    return `the value of claim ${claim} must have 1 to ${limits.value} characters`
  const why = 'matches' in condition ? patternProblem(text) : undefined
  return why && `the pattern of claim ${claim} cannot be read: ${why}`
}

/** An exact text as a pattern, in which nothing is special. */
const patternOf = (one: Condition) => ('equals' in one ? one.equals.replaceAll(/[*?[\]{}\\]/g, '\\$&') : one.matches)

/** Whether a pattern holds no character that it asks for, but separators. */
const isOpen = (pattern: string) => /^[*?/:,{}]*$/.test(pattern)

/**
 * Issuers whose tokens anybody can get, and the claims that say whose pipeline it is. A rule without one of them would
 * open the door to everybody. `owner`: what the pattern's text before its first special character must have reached;
 * without it the claim is compared whole.
 */
const shared: { hosts: RegExp; claims: Record<string, RegExp | undefined>; name: string }[] = [
  {
    hosts: /^token\.actions\.githubusercontent\.com$/,
    name: 'GitHub',
    claims: {
      sub: /^repo:[^/]+\/./,
      repository: /^[^/]+\/./,
      job_workflow_ref: /^[^/]+\/./,
      repository_id: undefined,
      repository_owner: undefined,
      repository_owner_id: undefined,
    },
  },
  {
    hosts: /^gitlab\.com$/,
    name: 'GitLab.com',
    claims: {
      sub: /^project_path:[^/]+\/./,
      project_path: /^[^/]+\/./,
      project_id: undefined,
      namespace_path: undefined,
      namespace_id: undefined,
    },
  },
]

function sharedProblem(issuer: string, conditions: readonly Condition[]): string | undefined {
  const found = shared.find(({ hosts }) => hosts.test(new URL(issuer).host))
  if (!found || conditions.some((one) => saysWhose(one, found.claims))) return undefined
  const names = Object.keys(found.claims).join(', ')
  return `everybody can get a token of ${found.name}: one of the claims ${names} must say whose pipeline it is`
}

function saysWhose(condition: Condition, claims: Record<string, RegExp | undefined>): boolean {
  if (!Object.hasOwn(claims, condition.claim)) return false
  if ('equals' in condition) return true
  const reached = claims[condition.claim]
  const [head = ''] = /^[^*?[{\\]*/.exec(condition.matches) ?? []
  // `org/*` has reached the owner with its slash; a whole claim needs a pattern without special characters.
  return reached ? reached.test(`${head}.`) : head === condition.matches
}
