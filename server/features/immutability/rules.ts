import { compileSelection, countStars, patternLimits, patternProblem, type Choice } from '../../catalog/selector.ts'

export type Selector = { kind: string; decoration: string; pattern: string; extras?: string }
export type Rule = {
  id: number
  priority: number
  isDisabled: boolean
  tagSelectors: Selector[]
  scopeSelectors: { repository: Selector[] }
}

/** The most selectors of tags, and of repositories, in a rule. */
const mostSelectors = 20

/** Returns an error text that says why the selectors are invalid; undefined when they are valid. */
export function ruleProblem(rule: Pick<Rule, 'tagSelectors' | 'scopeSelectors'>): string | undefined {
  const { tagSelectors: tags, scopeSelectors: scopes } = rule
  const stars = countStars([...tags, ...scopes.repository].map(({ pattern }) => pattern))
  if (stars > patternLimits.stars) return `the patterns of a rule have at most ${patternLimits.stars} stars`
  return (
    problemOf('tag_selectors', tags, ['matches', 'excludes']) ??
    problemOf('scope_selectors.repository', scopes.repository, ['repoMatches', 'repoExcludes'])
  )
}

function problemOf(where: string, selectors: Selector[], decorations: string[]): string | undefined {
  if (selectors.length < 1 || selectors.length > mostSelectors) return `${where} needs 1 to ${mostSelectors} selectors`
  for (const { kind, decoration, pattern } of selectors) {
    if (kind !== 'doublestar') return `${where}: the kind must be doublestar`
    if (!decorations.includes(decoration)) return `${where}: the decoration must be ${decorations.join(' or ')}`
    if (pattern === '' || pattern.length > patternLimits.length || pattern.includes('\0'))
      return `${where}: a pattern has 1 to ${patternLimits.length} characters`
    const problem = patternProblem(pattern)
    if (problem !== undefined) return `${where}: ${problem}`
  }
  return undefined
}

/** Says whether the rules make a tag of a repository immutable. `repository` is without the project's name. */
export type Immutable = (repository: string, tag: string) => boolean

/** Compiles all rules of a project into one function; a tag is immutable when any enabled rule selects it. */
export function immutableBy(rules: Rule[]): Immutable {
  const selectors = rules.filter(({ isDisabled }) => !isDisabled).map(selectorOf)
  return (repository, tag) => selectors.some((one) => one.takesRepository(repository) && one.takesTag(tag))
}

const selectorOf = ({ tagSelectors, scopeSelectors }: Rule) =>
  compileSelection({ repositories: scopeSelectors.repository.map(choiceOf), tags: tagSelectors.map(choiceOf) })

const choiceOf = ({ pattern, decoration }: Selector): Choice => ({ pattern, excludes: /excludes$/i.test(decoration) })
