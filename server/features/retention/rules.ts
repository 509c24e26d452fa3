import type { Choice } from '../../catalog/selector.ts'

/** A pattern over tags. `excludes` chooses what does not match; `untagged`: it chooses artifacts without tags. */
export type TagChoice = { kind: 'doublestar' | 'regex'; pattern: string; excludes: boolean; untagged: boolean }

/** The order of the newest. `active`: by the later of push and pull; `version`: by Semantic Versioning 2.0.0. */
type Order = 'pushed' | 'pulled' | 'active' | 'version'
/** What is counted apart: each repository, each major or minor version, or each text that the pattern's group takes. */
type Group = 'repository' | 'major' | 'minor' | 'pattern'
export type Newest = { count: number; by: Order; per: Group; pattern: string }

/**
 * One rule. It picks what meets all of its conditions, from all tags of a repository, whatever other rules picked.
 * Numbers of days count back from the time of the run; null means that the rule does not ask.
 */
export type Rule = {
  action: 'keep' | 'delete'
  /** The rule's place in the policy, from 1; null for the last one of Harbor's rules: delete what none keeps. */
  position: number | null
  name: string
  isDisabled: boolean
  repositories: Choice[]
  tags: TagChoice[]
  /** Names of labels, one of which is enough; none: any artifact. */
  labels: string[]
  isSigned: boolean | null
  pushedWithinDays: number | null
  pulledWithinDays: number | null
  notPushedDays: number | null
  notPulledDays: number | null
  newest: Newest | null
}

/**
 * The rules of a policy, in order: the first rule that picks something decides about it; what no rule picks is kept.
 * `decides` about whole artifacts with all their tags, as Harbor's rules do, or about each tag.
 */
export type RuleSet = { decides: 'artifact' | 'tag'; rules: Rule[] }

/** A rule that picks everything; rules are written as differences from it. */
export const anything: Omit<Rule, 'action' | 'position' | 'name'> = {
  isDisabled: false,
  repositories: [],
  tags: [],
  labels: [],
  isSigned: null,
  pushedWithinDays: null,
  pulledWithinDays: null,
  notPushedDays: null,
  notPulledDays: null,
  newest: null,
}
