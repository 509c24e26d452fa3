import { setImmediate as nextTurn } from 'node:timers/promises'
import { BadPattern, compilePattern, starsIn } from '../platform/doublestar.ts'

/** A doublestar pattern. It chooses what matches it; with `excludes`, what does not. */
export type Choice = { pattern: string; excludes?: boolean }

/** Which tags of which repositories a rule or a policy is about. Choices narrow one another; without any, everything is chosen. */
export type Selection = { repositories: readonly Choice[]; tags: readonly Choice[] }

/** A selection, compiled. */
export type Selector = {
  takesRepository(name: string): boolean
  takesTag(tag: string): boolean
  /** False when the selection takes every tag, and with them what has no tag at all. */
  isByTag: boolean
}

/** `stars`: each star is compared with each character of a name, so rules bound how many their patterns have together. */
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

export const countStars = (patterns: readonly string[]): number => patterns.reduce((sum, one) => sum + starsIn(one), 0)

/** Throws BadPattern; whoever stores patterns asks `patternProblem` before. */
export function compileSelection({ repositories, tags }: Selection): Selector {
  return { takesRepository: matcherOf(repositories), takesTag: matcherOf(tags), isByTag: tags.length > 0 }
}

function matcherOf(choices: readonly Choice[]): (text: string) => boolean {
  const compiled = choices.map(({ pattern, excludes = false }) => ({ matches: compilePattern(pattern).matches, excludes }))
  return (text) => compiled.every(({ matches, excludes }) => matches(text) !== excludes)
}

/** Called between the steps of long work; gives others a turn of the event loop when the last one was a while ago. */
export type Turn = () => Promise<void>

/** A turn for others after so many ms: patterns are whatever a user has written, tags as many as were pushed. */
const turnAfterMs = 10

/** One for everything that happens in a row. */
export function openTurn(): Turn {
  let begun = performance.now()
  return async () => {
    if (performance.now() - begun < turnAfterMs) return
    await nextTurn()
    begun = performance.now()
  }
}

/** Those of the tags that are chosen, with turns for others between. */
export async function filterTags<T extends string>(turn: Turn, tags: readonly T[], isChosen: (tag: T) => boolean): Promise<T[]> {
  const chosen: T[] = []
  for (const tag of tags) {
    if (isChosen(tag)) chosen.push(tag)
    await turn()
  }
  return chosen
}

/** Whether the selection takes an artifact with these tags: one of its tags is enough. */
export async function takesArtifact(turn: Turn, selector: Selector, repository: string, tags: readonly string[]): Promise<boolean> {
  if (!selector.takesRepository(repository)) return false
  if (!selector.isByTag) return true
  for (const tag of tags) {
    if (selector.takesTag(tag)) return true
    await turn()
  }
  return false
}
