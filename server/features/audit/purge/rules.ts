import { parseEventTypes } from '../rules.ts'

/**
 * The parameters of a purge, by Harbor's names. `include_event_types` has commas between; `*` stands for all types,
 * `other` for all but those of artifacts.
 */
export type PurgeParams = { audit_retention_hour: number; include_event_types: string; dry_run: boolean }

/** Harbor's portal chooses among these and `other`, which is every other type. */
const artifactTypes = ['create_artifact', 'delete_artifact', 'pull_artifact']
const other = 'other'

export const isGroup = (name: string): boolean => name === '*' || name === other

/** The event types that a purge removes. `known`: all event types that facts can have. */
export function purgedTypes(list: string, known: string[]): string[] | 'all' {
  const types = parseEventTypes(list)
  if (types.has('*') || [...artifactTypes, other].every((type) => types.has(type))) return 'all'
  const others = types.delete(other) ? known.filter((type) => !artifactTypes.includes(type)) : []
  return [...new Set([...types, ...others])]
}
