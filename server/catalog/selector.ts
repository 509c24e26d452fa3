import { setImmediate as nextRound } from 'node:timers/promises'
import { BadPattern, compilePattern, starsIn } from '../platform/doublestar.ts'

/** A doublestar pattern. It chooses what matches it; with `excludes`, what does not. */
export type Choice = { pattern: string; excludes?: boolean }

/**
 * Which tags of which repositories a rule or a policy is about. Choices narrow one another; without any, all are
 * chosen.
 */
type Selection = { repositories: readonly Choice[]; tags: readonly Choice[] }

/** A selection, compiled. */
export type Selector = {
  takesRepository(name: string): boolean
  takesTag(tag: string): boolean
  /** False when the selection takes every tag, and with them what has no tag at all. */
  isByTag: boolean
}

/** `stars`: each is compared with each character of a name, so rules bound how many their patterns have together. */
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

/** Called between the steps of long work; yields to the event loop when the last time was a while ago. */
export type Yield = () => Promise<void>

/** Others wait so many ms at most: patterns are whatever a user has written, tags as many as were pushed. */
const yieldAfterMs = 10

/** One for everything that happens in a row. */
export function openYield(): Yield {
  let begun = performance.now()
  return async () => {
    if (performance.now() - begun < yieldAfterMs) return
    await nextRound()
    begun = performance.now()
  }
}

/** Those of the tags that are chosen, yielding to others between. */
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

/** Whether the selection takes an artifact with these tags: one of its tags is enough. */
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
