import type { Rule } from './sentences.ts'

export const dayFields = ['pushed_within_days', 'pulled_within_days', 'not_pushed_days', 'not_pulled_days'] as const
type DayField = (typeof dayFields)[number]

/** A rule while it is edited: all fields as text. `rest` is the rule before, for choices that the form leaves alone. */
export type RuleDraft = Record<DayField, string> & {
  key: number
  action: 'keep' | 'delete'
  name: string
  isOff: boolean
  tags: string
  /** What the patterns of tags are. */
  kind: 'doublestar' | 'regex'
  /** Whether patterns of tags also choose artifacts without tags. */
  untagged: boolean
  repositories: string
  labels: string
  signed: 'any' | 'yes' | 'no'
  count: string
  by: 'pushed' | 'pulled' | 'active' | 'version'
  per: 'repository' | 'major' | 'minor' | 'pattern'
  /** With per `pattern`: the regular expression whose first group tells the groups apart. */
  group: string
  rest: Rule | undefined
}

let keys = 0

/** `v*, !v0*`: patterns with commas between; ! for those that are excluded. */
const textOf = (choices: readonly { pattern: string; excludes?: boolean }[]): string =>
  choices.map(({ pattern, excludes }) => (excludes ? `!${pattern}` : pattern)).join(', ')

const partsOf = (text: string): string[] => {
  // Commas inside of braces belong to the pattern.
  const parts = text.match(/(?:\{[^}]*\}|[^,{])+/g) ?? []
  return parts.map((one) => one.trim()).filter((one) => one !== '')
}

const choicesOf = (text: string) =>
  partsOf(text).map((one) => (one.startsWith('!') ? { pattern: one.slice(1), excludes: true } : { pattern: one }))

const kindOf = (rule: Rule | undefined) => (rule?.tags?.some(({ kind }) => kind === 'regex') ? 'regex' : 'doublestar')
const isUntagged = (rule: Rule | undefined) => rule?.tags?.some(({ untagged }) => untagged) === true

export function draftOf(rule: Rule | undefined, action: 'keep' | 'delete' = 'keep'): RuleDraft {
  const days = (name: DayField) => (rule?.[name] === undefined ? '' : String(rule[name]))
  return {
    key: keys++,
    action: rule?.action ?? action,
    name: rule?.name ?? '',
    isOff: rule?.disabled ?? false,
    tags: textOf(rule?.tags ?? []),
    kind: kindOf(rule),
    untagged: isUntagged(rule),
    repositories: textOf(rule?.repositories ?? []),
    labels: (rule?.labels ?? []).join(', '),
    signed: rule?.signed === undefined ? 'any' : rule.signed ? 'yes' : 'no',
    count: rule?.newest === undefined ? '' : String(rule.newest.count),
    by: rule?.newest?.by ?? 'pushed',
    per: rule?.newest?.per ?? 'repository',
    group: rule?.newest?.pattern ?? '',
    pushed_within_days: days('pushed_within_days'),
    pulled_within_days: days('pulled_within_days'),
    not_pushed_days: days('not_pushed_days'),
    not_pulled_days: days('not_pulled_days'),
    rest: rule,
  }
}

/** The rule as the API takes it. Choices that the form shows unchanged keep what it does not show of them. */
export function ruleOf(draft: RuleDraft): Rule {
  const days = dayFields.flatMap((name) => (draft[name].trim() === '' ? [] : [[name, Number(draft[name])] as const]))
  const labels = partsOf(draft.labels)
  const repositories = choicesOf(draft.repositories)
  const tags = tagsOf(draft)
  const pattern = draft.per === 'pattern' ? { pattern: draft.group.trim() } : {}
  return {
    action: draft.action,
    ...(draft.name.trim() === '' ? {} : { name: draft.name.trim() }),
    ...(draft.isOff ? { disabled: true } : {}),
    ...(repositories.length === 0 ? {} : { repositories }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(labels.length === 0 ? {} : { labels }),
    ...(draft.signed === 'any' ? {} : { signed: draft.signed === 'yes' }),
    ...(draft.count.trim() === ''
      ? {}
      : { newest: { count: Number(draft.count), by: draft.by, per: draft.per, ...pattern } }),
    ...(Object.fromEntries(days) as Partial<Record<DayField, number>>),
  }
}

function tagsOf({ tags, kind, untagged, rest }: RuleDraft): NonNullable<Rule['tags']> {
  const isSame = tags === textOf(rest?.tags ?? []) && kind === kindOf(rest) && untagged === isUntagged(rest)
  if (isSame) return rest?.tags ?? []
  return choicesOf(tags).map((one) => ({
    ...one,
    ...(kind === 'regex' ? { kind } : {}),
    ...(untagged && !('excludes' in one) ? { untagged } : {}),
  }))
}
