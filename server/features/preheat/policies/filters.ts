import { compileSelection, countStars, patternLimits, patternProblem } from '../../../catalog/selector.ts'
import type { Filter } from './policy.ts'

/** A policy's filters, compiled. All filters must take an image. */
export type Chosen = {
  /** By the repository's name without its project. */
  takesRepository(name: string): boolean
  takesTag(tag: string): boolean
  /** Names of labels that an image must have, all of them. */
  labels: string[]
  /** Whether an image must have a signature, or must have none; undefined: either. */
  isSigned: boolean | undefined
  /** Harbor's code of the severity below which the worst finding must be; undefined: any, also an image not scanned. */
  below: number | undefined
}

const mostLabels = 100

/** Why filters cannot be used together; undefined when they can. */
export function filtersProblem(filters: readonly Filter[]): string | undefined {
  if (filters.length > 50) return 'a policy has at most 50 filters'
  const problem = filters.map(problemOf).find((one) => one !== undefined)
  if (problem) return problem
  const patterns = filters.flatMap((one) => (one.type === 'repository' || one.type === 'tag' ? [one.value] : []))
  return countStars(patterns) > patternLimits.stars
    ? `the patterns have more than ${patternLimits.stars} stars`
    : undefined
}

function problemOf(filter: Filter): string | undefined {
  switch (filter.type) {
    case 'repository':
    case 'tag': {
      const { type, value } = filter
      if (value === '') return `the ${type} filter is empty: ** takes all`
      if (value.length > patternLimits.length)
        return `the ${type} filter has more than ${patternLimits.length} characters`
      const problem = patternProblem(value)
      return problem && `the ${type} filter ${JSON.stringify(value.slice(0, 60))} cannot be read: ${problem}`
    }
    case 'label':
      return filter.value.length > mostLabels || filter.value.some((one) => one.length > 128)
        ? `the label filter has at most ${mostLabels} labels of 128 characters`
        : undefined
    case 'vulnerability':
      return Number.isInteger(filter.value) && filter.value >= 0 && filter.value <= 99
        ? undefined
        : 'the vulnerability filter is a severity from 0 (unknown) to 5 (critical)'
    case 'signature':
      return undefined
  }
}

/** Compiles filters that were checked. Of several of one kind all count. */
export function compileFilters(filters: readonly Filter[]): Chosen {
  const patternsOf = (type: 'repository' | 'tag') =>
    filters.flatMap((one) => (one.type === type ? [{ pattern: one.value }] : []))
  const { takesRepository, takesTag } = compileSelection({
    repositories: patternsOf('repository'),
    tags: patternsOf('tag'),
  })
  const signed = filters.flatMap((one) => (one.type === 'signature' ? [one.value] : []))
  const bounds = filters.flatMap((one) => (one.type === 'vulnerability' ? [one.value] : []))
  return {
    takesRepository,
    takesTag,
    labels: filters.flatMap((one) => (one.type === 'label' ? one.value : [])),
    isSigned: signed[0],
    below: bounds.length === 0 ? undefined : Math.min(...bounds),
  }
}

/**
 * The same with what the project asks of pulls, as in Harbor: an image that may not be pulled is not preheated.
 * `metadata`: the project's.
 */
export function withProject(chosen: Chosen, metadata: Readonly<Record<string, string>>): Chosen {
  const isOn = (name: string) => metadata[name] === 'true'
  const wantsSigned = ['enable_content_trust', 'enable_content_trust_cosign', 'verify_signatures'].some(isOn)
  const bound = isOn('prevent_vul') ? codeOf(metadata['severity']) : undefined
  return {
    ...chosen,
    isSigned: wantsSigned ? true : chosen.isSigned,
    below: bound === undefined ? chosen.below : Math.min(bound, chosen.below ?? Infinity),
  }
}

/** Harbor's severities; their places are its codes, from 0. */
export const severityWords = ['unknown', 'negligible', 'low', 'medium', 'high', 'critical'] as const

/** Harbor's code of a project's `severity`; a word that it does not know refuses the least. */
function codeOf(word: string | undefined): number {
  const code = severityWords.findIndex((one) => one === word)
  return Math.max(0, code)
}
