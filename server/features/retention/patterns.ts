import { compileSelection, countStars, patternLimits, patternProblem } from '../../catalog/selector.ts'
import { compileRegex, regexProblem } from '../../platform/regex.ts'
import type { TagChoice } from './rules.ts'

/** Why the pattern of a choice cannot be used, or undefined. */
export function choiceProblem({ kind, pattern }: Pick<TagChoice, 'kind' | 'pattern'>): string | undefined {
  if (kind === 'regex') return regexProblem(pattern)
  if (pattern === '' || pattern.length > patternLimits.length || pattern.includes('\0'))
    return `a pattern has 1 to ${patternLimits.length} characters`
  return patternProblem(pattern)
}

/** Why these patterns together cannot be used, or undefined: each star is compared with each character of a name. */
export const starsProblem = (patterns: readonly string[]): string | undefined =>
  countStars(patterns) > patternLimits.stars
    ? `the patterns of a rule have at most ${patternLimits.stars} stars`
    : undefined

/**
 * Whether a choice takes an artifact with these tags: `matches` when one of them matches, `excludes` when one does not;
 * without tags, as `untagged` says.
 */
export function choiceMatcher({ kind, pattern, excludes, untagged }: TagChoice): (tags: readonly string[]) => boolean {
  const takes = kind === 'regex' ? compileRegex(pattern).matches : doublestar(pattern)
  return (tags) => (tags.length === 0 ? untagged : tags.some((tag) => takes(tag) !== excludes))
}

function doublestar(pattern: string): (tag: string) => boolean {
  const { takesTag } = compileSelection({ repositories: [], tags: [{ pattern }] })
  return (tag) => takesTag(tag)
}
