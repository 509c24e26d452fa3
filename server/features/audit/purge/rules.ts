import { parseEventTypes } from '../rules.ts'

/**
 * The parameters of a purge, by Harbor's names. `include_event_types` has commas between; `*` stands for all types,
 * `other` for all but those of artifacts.
 */
export type PurgeParams = {
  audit_retention_hour: number
  include_event_types?: string
  /** From clients of Harbor before 2.13: `create`, `delete`, `pull`. When both are given, the event types hold. */
  include_operations?: string
  dry_run: boolean
}

/** Harbor's portal chooses among these and `other`, which is every other type. */
const artifactTypes = ['create_artifact', 'delete_artifact', 'pull_artifact']
const other = 'other'

export const isGroup = (name: string): boolean => name === '*' || name === other

/** The event types that a purge removes. `known`: all event types that facts can have. */
export function purgedTypes(
  { include_event_types: list = '', include_operations: operations = '' }: Partial<PurgeParams>,
  known: string[],
): string[] | 'all' {
  const types = parseEventTypes(list)
  if (types.size === 0) return typesOf(parseEventTypes(operations), known)
  if (types.has('*') || [...artifactTypes, other].every((type) => types.has(type))) return 'all'
  const others = types.delete(other) ? known.filter((type) => !artifactTypes.includes(type)) : []
  return [...new Set([...types, ...others])]
}

const typesOf = (operations: Set<string>, known: string[]) =>
  known.filter((type) => operations.has(type.slice(0, type.indexOf('_'))))
