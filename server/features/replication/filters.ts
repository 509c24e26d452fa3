import { compileSelection, patternProblem, type Choice } from '../../catalog/selector.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import { wantedBy } from '../endpoints/index.ts'
import type { Filter } from './policy.ts'

/** A policy's filters, compiled. All filters must take what is replicated. */
export type Chosen = {
  takesRepository(name: string): boolean
  takesTag(tag: string): boolean
  /** Whether tags are filtered: artifacts without a tag are left out then. */
  isByTag: boolean
  isByLabel: boolean
  takesLabels(labels: readonly string[]): boolean
  /** `kind`: Harbor's word for what an artifact is; undefined where the list does not say, which takes it. */
  takesKind(kind: string | undefined): boolean
  /** The part of the name before the first special character. */
  prefix: string
  /** The names that the patterns mean, when they hold no special characters. */
  names: RepositoryName[] | undefined
}

/** Why a filter's pattern cannot be used; undefined when it can. */
export function filterProblem({ type, value }: Filter): string | undefined {
  if (typeof value !== 'string') return undefined
  if (value.length > 1024) return `the ${type} filter must have at most 1024 characters`
  const problem = type === 'name' || type === 'tag' ? patternProblem(value) : undefined
  return problem && `the ${type} filter ${JSON.stringify(value)} cannot be read: ${problem}`
}

/** Compiles filters that were checked. An empty text takes everything, as in Harbor. */
export function compileFilters(filters: readonly Filter[]): Chosen {
  const names = filters.flatMap((one) => (one.type === 'name' && one.value !== '' ? [one.value] : []))
  const tags = filters.flatMap((one): Choice[] =>
    one.type === 'tag' && one.value !== '' ? [{ pattern: one.value, excludes: one.decoration === 'excludes' }] : [],
  )
  const labels = filters.flatMap((one) => (one.type === 'label' && one.value.length > 0 ? [one] : []))
  const resources = filters.flatMap((one) => (one.type === 'resource' ? [one.value] : []))
  const wanted = names.map(wantedBy)
  const { takesRepository, takesTag, isByTag } = compileSelection({
    repositories: names.map((pattern) => ({ pattern })),
    tags,
  })
  return {
    takesRepository,
    takesTag,
    isByTag,
    isByLabel: labels.length > 0,
    takesLabels: (held) =>
      labels.every(({ value, decoration }) =>
        decoration === 'excludes' ? !value.some((one) => held.includes(one)) : value.every((one) => held.includes(one)),
      ),
    takesKind: (kind) =>
      kind === undefined || resources.every((wanted) => (wanted === 'image') === (kind.toUpperCase() === 'IMAGE')),
    prefix: longest(wanted.map(({ prefix }) => prefix)),
    names: wanted.map((one) => one.names).find((one) => one !== undefined),
  }
}

const longest = (all: string[]) => all.reduce((best, one) => (one.length > best.length ? one : best), '')
