import { sql, type Sql } from '../platform/db/sql.ts'

/**
 * What the caller of a list may see: everything, or public projects and those that an account or a robot belongs to.
 */
export type Viewer = { seesAll: true } | { seesAll: false; projectIds: number[] | 'public only' }

/**
 * A condition over `project`: the projects that the viewer may see. Filtering in SQL keeps pages and counts right
 * (C-72).
 */
export function visibleProjects(viewer: Viewer): Sql {
  if (viewer.seesAll) return sql`true`
  if (viewer.projectIds === 'public only') return sql`project.is_public`
  return sql`(project.is_public or project.id = any(${viewer.projectIds}::bigint[]))`
}
