import { setImmediate as nextRound } from 'node:timers/promises'
import { BadPattern, compilePattern, starsIn } from '../platform/doublestar.ts'

/** A doublestar pattern. It chooses what matches it; with `excludes`, what does not. */
export type Choice = { pattern: string; excludes?: boolean }

/** Which tags of which repositories a rule or a policy is about: those that every choice takes. No choice takes all. */
type Selection = { repositories: readonly Choice[]; tags: readonly Choice[] }

/** A selection, compiled. */
export type Selector = {
  takesRepository(name: string): boolean
  takesTag(tag: string): boolean
  /** False when the selection takes every tag, and artifacts without tags, too. */
  isByTag: boolean
}

/** `stars`: the most in all patterns of a rule together, as each star is compared with each character of a name. */
export const patternLimits = { length: 1024, stars: 50 }

/** Why a pattern cannot be read, or undefined. */
export function patternProblem(pattern: string): string | undefined {
  try {
    compilePattern(pattern)
    return undefined
  } catch (error) {
    if (error instanceof BadPattern) return error.message
    throw error
  }
}

/** In all of the patterns. */
export const countStars = (patterns: readonly string[]): number => patterns.reduce((sum, one) => sum + starsIn(one), 0)

/** Throws BadPattern; patterns are checked by `patternProblem` before they are kept. */
export function compileSelection({ repositories, tags }: Selection): Selector {
  return { takesRepository: matcherOf(repositories), takesTag: matcherOf(tags), isByTag: tags.length > 0 }
}

function matcherOf(choices: readonly Choice[]): (text: string) => boolean {
  const compiled = choices.map(({ pattern, excludes = false }) => ({ pattern: compilePattern(pattern), excludes }))
  return (text) => compiled.every(({ pattern, excludes }) => pattern.matches(text) !== excludes)
}

/** Called between the steps of long work; yields to the event loop when the last yield was 10 ms ago or more. */
export type Yield = () => Promise<void>

/** How long other requests wait at most, in ms: a user's patterns may be slow, and a repository may have many tags. */
const yieldAfterMs = 10

/** One for all steps of one piece of work. */
export function openYield(): Yield {
  let begun = performance.now()
  return async () => {
    if (performance.now() - begun < yieldAfterMs) return
    await nextRound()
    begun = performance.now()
  }
}

/** The chosen tags, in their order. Yields to the event loop between them. */
export async function filterTags<T extends string>(
  yieldNow: Yield,
  tags: readonly T[],
  isChosen: (tag: T) => boolean,
): Promise<T[]> {
  const chosen: T[] = []
  for (const tag of tags) {
    if (isChosen(tag)) chosen.push(tag)
    await yieldNow()
  }
  return chosen
}

/** Whether the selection takes an artifact with these tags: one tag that it takes is enough. */
export async function takesArtifact(
  yieldNow: Yield,
  selector: Selector,
  repository: string,
  tags: readonly string[],
): Promise<boolean> {
  if (!selector.takesRepository(repository)) return false
  if (!selector.isByTag) return true
  for (const tag of tags) {
    if (selector.takesTag(tag)) return true
    await yieldNow()
  }
  return false
}
