import type { Choice } from '../../catalog/selector.ts'
import { orderedOf, type HarborRule } from './harbor.ts'
import type { Rule, RuleSet } from './rules.ts'

/** The rules as they are stored: Harbor's, joined by OR, or rules in order. */
export type PolicyRules = { algorithm: 'or'; rules: HarborRule[] } | { algorithm: 'ordered'; rules: Rule[] }

/** A policy of a project; of the system, for the projects that it chooses, when `projectId` is null. */
export type NewPolicy = PolicyRules & {
  projectId: number | null
  /** Of the system: doublestar patterns over the names of projects; none: all. */
  projects: Choice[]
  /** Of the system: also for projects that have a policy of their own. */
  alsoWithOwn: boolean
  /** Six fields, UTC; '' runs by hand only. */
  cron: string
}
export type Policy = NewPolicy & { id: number }

/** The rules in the one form that a plan takes. */
export const ruleSetOf = (policy: PolicyRules): RuleSet =>
  policy.algorithm === 'or' ? orderedOf(policy.rules) : { decides: 'tag', rules: policy.rules }
