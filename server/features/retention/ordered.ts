import type { Static } from 'typebox'
import type * as api from '../../../api/retention.ts'
import { Failure } from '../../platform/http/failure.ts'
import { regexProblem } from '../../platform/regex.ts'
import { choiceProblem, starsProblem } from './patterns.ts'
import type { Newest, Rule, RuleSet } from './rules.ts'

type Given = Static<typeof api.OrderedRule>

/** The most rules of a policy: each is tried on every tag. */
const mostRules = 100

/** Reads rules that are tried in order. Throws BAD_REQUEST. */
export function parseOrderedRules(given: Given[]): Rule[] {
  if (given.length > mostRules) throw new Failure('BAD_REQUEST', `a policy has at most ${mostRules} rules`)
  return given.map((rule, index) => {
    const parsed = parseRule(rule, index + 1)
    const problem = problemOf(parsed)
    if (problem !== undefined) throw new Failure('BAD_REQUEST', `ordered rule ${index + 1}: ${problem}`)
    return parsed
  })
}

function parseRule(given: Given, position: number): Rule {
  return {
    action: given.action,
    position,
    name: given.name ?? '',
    isDisabled: given.disabled ?? false,
    repositories: (given.repositories ?? []).map(({ pattern, excludes = false }) => ({ pattern, excludes })),
    tags: (given.tags ?? []).map(({ kind = 'doublestar', pattern, excludes = false, untagged = false }) => ({
      kind,
      pattern,
      excludes,
      untagged,
    })),
    labels: given.labels ?? [],
    isSigned: given.signed ?? null,
    pushedWithinDays: given.pushed_within_days ?? null,
    pulledWithinDays: given.pulled_within_days ?? null,
    notPushedDays: given.not_pushed_days ?? null,
    notPulledDays: given.not_pulled_days ?? null,
    newest: given.newest ? parseNewest(given.newest) : null,
  }
}

function parseNewest({ count, by = 'pushed', per = 'repository', pattern = '' }: NonNullable<Given['newest']>): Newest {
  return { count, by, per, pattern }
}

function problemOf({ action, repositories, tags, newest }: Rule): string | undefined {
  const stars = starsProblem([...repositories, ...tags].map(({ pattern }) => pattern))
  if (stars !== undefined) return stars
  const bad = [...repositories.map((one) => ({ kind: 'doublestar' as const, ...one })), ...tags].map(choiceProblem)
  const problem = bad.find((one) => one !== undefined)
  if (problem !== undefined) return problem
  if (newest && action === 'delete') return 'newest is for rules that keep: keep the newest, then delete the others'
  if (newest?.per === 'pattern') return regexProblem(newest.pattern)
  if (newest && newest.pattern !== '') return 'newest.pattern needs per: pattern'
  return undefined
}

/** The same rules as the API shows them; what they do not ask is left out. */
export function presentOrderedRules({ rules }: RuleSet): Given[] {
  return rules.map((rule) => ({
    action: rule.action,
    ...(rule.name === '' ? {} : { name: rule.name }),
    ...(rule.isDisabled ? { disabled: true } : {}),
    ...(rule.repositories.length === 0 ? {} : { repositories: rule.repositories.map((one) => ({ ...one })) }),
    ...(rule.tags.length === 0 ? {} : { tags: rule.tags }),
    ...(rule.labels.length === 0 ? {} : { labels: rule.labels }),
    ...(rule.isSigned === null ? {} : { signed: rule.isSigned }),
    ...daysOf(rule),
    ...(rule.newest ? { newest: presentNewest(rule.newest) } : {}),
  }))
}

const presentNewest = ({ pattern, ...rest }: Newest) => ({ ...rest, ...(pattern === '' ? {} : { pattern }) })

function daysOf({ pushedWithinDays, pulledWithinDays, notPushedDays, notPulledDays }: Rule) {
  return {
    ...(pushedWithinDays === null ? {} : { pushed_within_days: pushedWithinDays }),
    ...(pulledWithinDays === null ? {} : { pulled_within_days: pulledWithinDays }),
    ...(notPushedDays === null ? {} : { not_pushed_days: notPushedDays }),
    ...(notPulledDays === null ? {} : { not_pulled_days: notPulledDays }),
  }
}
