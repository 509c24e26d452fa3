import { parseEventTypes } from '../rules.ts'

/** Harbor's names. `include_event_types`: with commas between, `*` for all. */
export type PurgeParams = { audit_retention_hour: number; include_event_types: string; dry_run: boolean }

export function purgedTypes(list: string): string[] | 'all' {
  const types = [...parseEventTypes(list)]
  return types.includes('*') ? 'all' : types
}
