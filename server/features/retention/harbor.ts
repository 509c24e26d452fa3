import type { Static } from 'typebox'
import type * as api from '../../../api/retention.ts'
import type { Choice } from '../../catalog/selector.ts'
import { Failure } from '../../platform/http/failure.ts'
import { choiceProblem, starsProblem } from './patterns.ts'
import { anything, type Rule, type RuleSet, type TagChoice } from './rules.ts'

type Selector = { kind: string; decoration: string; pattern: string; extras: string }
/** A rule in Harbor's words, checked. */
export type HarborRule = {
  priority: number
  disabled: boolean
  template: string
  params: Record<string, number>
  tagSelectors: Selector[]
  scopeSelectors: Selector[]
}

const mostHarborRules = 15
const mostSelectors = 20
const largest = 1_000_000_000

/** The part of a rule that a template means. `unit`: that of its one parameter, which is named as the template. */
type Template = {
  unit: 'COUNT' | 'DAYS' | null
  text: string
  isPublished: boolean
  rule(value: number): Partial<Rule>
}

const newest = (by: 'pushed' | 'pulled' | 'active') => (count: number) => ({
  newest: { count, by, per: 'repository' as const, pattern: '' },
})

/** Harbor's templates, also those that its list of templates leaves out. */
const templates: Record<string, Template> = {
  latestPushedK: {
    unit: 'COUNT',
    text: 'the most recently pushed # artifacts',
    isPublished: true,
    rule: newest('pushed'),
  },
  latestPulledN: {
    unit: 'COUNT',
    text: 'the most recently pulled # artifacts',
    isPublished: true,
    rule: newest('pulled'),
  },
  nDaysSinceLastPush: {
    unit: 'DAYS',
    text: 'pushed within the last # days',
    isPublished: true,
    rule: (pushedWithinDays) => ({ pushedWithinDays }),
  },
  nDaysSinceLastPull: {
    unit: 'DAYS',
    text: 'pulled within the last # days',
    isPublished: true,
    rule: (pulledWithinDays) => ({ pulledWithinDays }),
  },
  always: { unit: null, text: 'always', isPublished: true, rule: () => ({}) },
  latestActiveK: {
    unit: 'COUNT',
    text: 'the most recently active # artifacts',
    isPublished: false,
    rule: newest('active'),
  },
  lastXDays: {
    unit: 'DAYS',
    text: 'pushed within the last # days',
    isPublished: false,
    rule: (pushedWithinDays) => ({ pushedWithinDays }),
  },
  nothing: { unit: null, text: 'nothing', isPublished: false, rule: () => newest('pushed')(0) },
}

/** Harbor's answer on the templates that a form can offer. */
export function harborMetadata(): Static<typeof api.RetentionMetadata> {
  const selectors = (display_text: string, decorations: string[]) => ({ kind: 'doublestar', display_text, decorations })
  return {
    templates: Object.entries(templates)
      .filter(([, { isPublished }]) => isPublished)
      .map(([rule_template, { text, unit }]) => ({
        rule_template,
        display_text: text,
        action: 'retain',
        params: unit === null ? [] : [{ type: 'int', unit, required: true }],
      })),
    scope_selectors: [selectors('Repositories', ['repoMatches', 'repoExcludes'])],
    tag_selectors: [selectors('Tags', ['matches', 'excludes'])],
  }
}

/** Reads Harbor's rules. Throws BAD_REQUEST, and CONFLICT for two that are the same. */
export function parseHarborRules(given: Static<typeof api.RetentionRule>[]): HarborRule[] {
  if (given.length > mostHarborRules)
    throw new Failure('BAD_REQUEST', `only ${mostHarborRules} rules are allowed at most`)
  const rules = given.map((rule, index) =>
    parseRule(rule, (why) => new Failure('BAD_REQUEST', `rule ${index}: ${why}`)),
  )
  const seen = new Map<string, number>()
  for (const [index, rule] of rules.entries()) {
    const text = JSON.stringify(rule)
    const first = seen.get(text)
    if (first !== undefined) throw new Failure('CONFLICT', `rule ${index} is conflict with rule ${first}`)
    seen.set(text, index)
  }
  return rules
}

type Refuse = (why: string) => Failure

function parseRule(
  {
    priority = 0,
    disabled = false,
    action = 'retain',
    template = '',
    params = {},
    tag_selectors: tags = [],
    scope_selectors: scopes = {},
  }: Static<typeof api.RetentionRule>,
  refuse: Refuse,
): HarborRule {
  if (action !== 'retain') throw refuse('the action must be retain')
  if (!Object.hasOwn(templates, template))
    throw refuse(`the template must be one of ${Object.keys(templates).join(', ')}`)
  const strange = Object.keys(scopes).find((one) => one !== 'repository')
  if (strange !== undefined) throw refuse('scope_selectors can only have repository')
  const tagSelectors = tags.map((one) => parseSelector(one, ['matches', 'excludes'], refuse))
  const repositories = Object.hasOwn(scopes, 'repository') ? (scopes['repository'] ?? []) : []
  const scopeSelectors = repositories.map((one) => parseSelector(one, ['repoMatches', 'repoExcludes'], refuse))
  if (tags.length > mostSelectors || repositories.length > mostSelectors)
    throw refuse(`a rule has at most ${mostSelectors} selectors of tags, and of repositories`)
  const stars = starsProblem([...tagSelectors, ...scopeSelectors].map(({ pattern }) => pattern))
  if (stars !== undefined) throw refuse(stars)
  return { priority, disabled, template, params: parseParams(template, params, refuse), tagSelectors, scopeSelectors }
}

function parseParams(template: string, params: Record<string, unknown>, refuse: Refuse): Record<string, number> {
  if (templates[template]!.unit === null) return {}
  const value = Object.hasOwn(params, template) ? params[template] : undefined
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > largest)
    throw refuse(`params.${template} must be a number from 0 to ${largest}`)
  return { [template]: value as number }
}

function parseSelector(
  { kind = 'doublestar', decoration = '', pattern = '', extras = '' }: Static<typeof api.RetentionSelector>,
  decorations: string[],
  refuse: Refuse,
): Selector {
  if (kind !== 'doublestar') throw refuse('the kind of a selector must be doublestar')
  if (!decorations.includes(decoration)) throw refuse(`the decoration must be ${decorations.join(' or ')}`)
  const problem = choiceProblem({ kind, pattern })
  if (problem !== undefined) throw refuse(problem)
  if (extras !== '' && untaggedIn(extras) === 'unreadable')
    throw refuse('extras must be JSON such as {"untagged":true}')
  return { kind, decoration, pattern, extras }
}

/** What `extras` says of artifacts without tags; undefined when it says nothing. */
function untaggedIn(extras: string): boolean | undefined | 'unreadable' {
  try {
    const { untagged } = JSON.parse(extras === '' ? '{}' : extras) as { untagged?: unknown }
    return untagged === undefined || typeof untagged === 'boolean' ? untagged : 'unreadable'
  } catch {
    return 'unreadable'
  }
}

/** The same rules in Harbor's form; as there, fields without a value are left out. */
export function presentHarborRules(rules: HarborRule[]): Static<typeof api.RetentionRule>[] {
  const selector = ({ extras, ...rest }: Selector) => ({ ...rest, ...(extras === '' ? {} : { extras }) })
  return rules.map(({ priority, disabled, template, params, tagSelectors, scopeSelectors }) => ({
    ...(priority === 0 ? {} : { priority }),
    ...(disabled ? { disabled } : {}),
    action: 'retain',
    template,
    ...(Object.keys(params).length === 0 ? {} : { params }),
    tag_selectors: tagSelectors.map(selector),
    scope_selectors: { repository: scopeSelectors.map(selector) },
  }))
}

/**
 * Harbor's rules as rules in order: what any of them keeps is kept, and then everything else goes in the repositories
 * that one of them selects. Both forms decide alike.
 */
export function orderedOf(rules: HarborRule[]): RuleSet {
  const enabled = rules.map((rule, index) => ({ rule, index })).filter(({ rule }) => !rule.disabled)
  const keeps = enabled.map(({ rule, index }): Rule => {
    const { template, params, tagSelectors, scopeSelectors } = rule
    return {
      ...anything,
      action: 'keep',
      position: index + 1,
      name: templates[template]!.text.replace('#', String(params[template] ?? '')),
      repositories: scopeSelectors.map(repositoryChoice),
      tags: tagSelectors.map(tagChoice),
      ...templates[template]!.rule(params[template] ?? 0),
    }
  })
  const scopes = new Map(keeps.map(({ repositories }) => [JSON.stringify(repositories), repositories]))
  const rest = [...scopes.values()].map((repositories): Rule => ({
    ...anything,
    action: 'delete',
    position: null,
    name: 'what no rule keeps',
    repositories,
  }))
  return { decides: 'artifact', rules: [...keeps, ...rest] }
}

const repositoryChoice = ({ pattern, decoration }: Selector): Choice => ({
  pattern,
  excludes: decoration === 'repoExcludes',
})

/** As in Harbor, a selector takes artifacts without tags unless its extras say otherwise. */
function tagChoice({ pattern, decoration, extras }: Selector): TagChoice {
  const excludes = decoration === 'excludes'
  const said = untaggedIn(extras)
  const untagged = said === undefined || said === 'unreadable' ? true : excludes ? !said : said
  return { kind: 'doublestar', pattern, excludes, untagged }
}
