import type { Reader } from '../../catalog/reader.ts'
import { visibleProjects, type Viewer } from '../../catalog/viewer.ts'
import { sql, type Sql } from '../../platform/db/sql.ts'
import { maySystem, projectsHolding, viewerOf, type Rights } from '../access/index.ts'
import { runningRepositories } from '../deployments/index.ts'
import { whereListing } from '../repositories/index.ts'

/** The repositories that a request is about, as a condition over `project`; undefined: none, and nothing to ask. */
export type Scope = Sql | undefined

/** The repositories that a caller may see in lists; with `ids` those of these projects alone. */
export async function scopeSeen(reader: Reader, rights: Rights, ids?: number[]): Promise<Scope> {
  const viewer = await viewerOf(reader, whereListing(rights), (one) => maySystem(one, 'catalog', 'read'))
  return within(visibleProjects(viewer), ids)
}

/** The repositories that a caller may delete; with `ids` those of these projects alone. */
export async function scopeDeletable(reader: Reader, rights: Rights, ids?: number[]): Promise<Scope> {
  const viewer = await whereDeleting(reader, rights)
  if (viewer.seesAll) return within(sql`true`, ids)
  const projectIds = viewer.projectIds === 'public only' ? [] : viewer.projectIds
  return projectIds.length === 0 ? undefined : within(sql`project.id = any(${projectIds}::bigint[])`, ids)
}

function within(where: Sql, ids: number[] | undefined): Scope {
  if (ids === undefined) return where
  return ids.length === 0 ? undefined : sql`${where} and project.id = any(${ids}::bigint[])`
}

async function whereDeleting(reader: Reader, rights: Rights): Promise<Viewer> {
  const ids = await projectsHolding(reader, rights, 'repository', 'delete')
  return ids === 'all' ? { seesAll: true } : { seesAll: false, projectIds: ids }
}

/** Of a scope: what a cluster runs something of now, or all else. */
export function scopeRunning(scope: Scope, runs: boolean): Scope {
  if (!scope) return undefined
  const among = sql`repository.id in (${runningRepositories})`
  return runs ? sql`${scope} and ${among}` : sql`${scope} and not (${among})`
}
