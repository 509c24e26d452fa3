import { BadPattern, compilePattern, starsIn, type Pattern } from '../../platform/doublestar.ts'

export type Selector = { kind: string; decoration: string; pattern: string; extras?: string }
export type Rule = { id: number; priority: number; isDisabled: boolean; tagSelectors: Selector[]; scopeSelectors: { repository: Selector[] } }

/** `stars`: in all patterns of a rule. */
const limits = { selectors: 20, pattern: 1024, stars: 50 }

/** Why the selectors make no rule, or undefined. */
export function ruleProblem({ tagSelectors, scopeSelectors }: Pick<Rule, 'tagSelectors' | 'scopeSelectors'>): string | undefined {
  const stars = [...tagSelectors, ...scopeSelectors.repository].reduce((sum, { pattern }) => sum + starsIn(pattern), 0)
  if (stars > limits.stars) return `the patterns of a rule have at most ${limits.stars} stars`
  return problemOf('tag_selectors', tagSelectors, ['matches', 'excludes']) ?? problemOf('scope_selectors.repository', scopeSelectors.repository, ['repoMatches', 'repoExcludes'])
}

function problemOf(where: string, selectors: Selector[], decorations: string[]): string | undefined {
  if (selectors.length < 1 || selectors.length > limits.selectors) return `${where} needs 1 to ${limits.selectors} selectors`
  for (const { kind, decoration, pattern } of selectors) {
    if (kind !== 'doublestar') return `${where}: the kind must be doublestar`
    if (!decorations.includes(decoration)) return `${where}: the decoration must be ${decorations.join(' or ')}`
    if (pattern === '' || pattern.length > limits.pattern || pattern.includes('\0')) return `${where}: a pattern has 1 to ${limits.pattern} characters`
    try {
      compilePattern(pattern)
    } catch (error) {
      if (error instanceof BadPattern) return `${where}: ${error.message}`
      throw error
    }
  }
  return undefined
}

/** Says whether the rules hold a tag of a repository in place. `repository` without the project's name. */
export type Immutable = (repository: string, tag: string) => boolean

/** All of a project's rules in one; a tag is immutable when one rule says so. */
export function immutableBy(rules: Rule[]): Immutable {
  const compiled = rules.filter(({ isDisabled }) => !isDisabled).map(({ tagSelectors, scopeSelectors }) => ({ repositories: compile(scopeSelectors.repository), tags: compile(tagSelectors) }))
  return (repository, tag) => compiled.some(({ repositories, tags }) => selects(repositories, repository) && selects(tags, tag))
}

type Compiled = { pattern: Pattern; isExcluding: boolean }[]

const compile = (selectors: Selector[]): Compiled => selectors.map(({ pattern, decoration }) => ({ pattern: compilePattern(pattern), isExcluding: /excludes$/i.test(decoration) }))

/** Selectors narrow one another. */
function selects(selectors: Compiled, text: string): boolean {
  return selectors.every(({ pattern, isExcluding }) => pattern.matches(text) !== isExcluding)
}
