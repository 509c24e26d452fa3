import type { Reader } from '../../catalog/reader.ts'
import { insideParts, visibleRepositories } from '../../catalog/viewer.ts'
import { sql, type Sql } from '../../platform/db/sql.ts'
import { maySystem, partsHolding, projectsHolding, viewerInside, viewerOf, type Rights } from '../access/index.ts'
import { runningRepositories } from '../deployments/index.ts'
import { whereListing } from '../repositories/index.ts'

/**
 * The repositories that a request is about, as a condition over `project` and `repository`; undefined: none, and
 * nothing to ask.
 */
export type Scope = Sql | undefined

/** The repositories that a caller may see in lists; with `ids` those of these projects alone. */
export async function scopeSeen(reader: Reader, rights: Rights, ids?: number[]): Promise<Scope> {
  const seen = whereListing(rights)
  const viewer = viewerInside(await viewerOf(reader, seen, (one) => maySystem(one, 'catalog', 'read')), seen)
  return within(visibleRepositories(viewer), ids)
}

/** The repositories that a caller may delete; with `ids` those of these projects alone. */
export async function scopeDeletable(reader: Reader, rights: Rights, ids?: number[]): Promise<Scope> {
  const projectIds = await projectsHolding(reader, rights, 'repository', 'delete')
  if (projectIds === 'all') return within(sql`true`, ids)
  const parts = partsHolding(rights, 'repository', 'delete')
  const whole = sql`project.id = any(${projectIds}::bigint[])`
  if (parts.length > 0) return within(sql`(${whole} or ${insideParts(parts)})`, ids)
  return projectIds.length === 0 ? undefined : within(whole, ids)
}

function within(where: Sql, ids: number[] | undefined): Scope {
  if (ids === undefined) return where
  return ids.length === 0 ? undefined : sql`${where} and project.id = any(${ids}::bigint[])`
}

/** Of a scope: what a cluster runs something of now, or all else. */
export function scopeRunning(scope: Scope, runs: boolean): Scope {
  if (!scope) return undefined
  const among = sql`repository.id in (${runningRepositories})`
  return runs ? sql`${scope} and ${among}` : sql`${scope} and not (${among})`
}
