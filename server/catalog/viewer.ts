import { sql, type Sql } from '../platform/db/sql.ts'

/**
 * What the caller of a list may see: everything, or public projects and those that an account or a robot belongs to.
 * `parts`: in these projects only the repositories whose names, without the project, match the regular expression; one
 * for each project.
 */
export type Viewer =
  | { seesAll: true }
  | { seesAll: false; projectIds: number[] | 'public only'; parts?: readonly RepositoryPart[] }
export type RepositoryPart = { projectId: number; regex: string }

/**
 * A condition over `project`: the projects that the viewer may see. Filtering in SQL keeps pages and counts right
 * (C-72).
 */
export function visibleProjects(viewer: Viewer): Sql {
  if (viewer.seesAll) return sql`true`
  if (viewer.projectIds === 'public only') return sql`project.is_public`
  return sql`(project.is_public or project.id = any(${viewer.projectIds}::bigint[]))`
}

/** A condition over `project` and `repository`: the repositories that the viewer may see. */
export function visibleRepositories(viewer: Viewer): Sql {
  const whole = visibleProjects(viewer)
  if (viewer.seesAll || viewer.parts === undefined || viewer.parts.length === 0) return whole
  return sql`(${whole} or ${insideParts(viewer.parts)})`
}

/** A condition over `project` and `repository`: the repositories of these parts of projects. */
export function insideParts(parts: readonly RepositoryPart[]): Sql {
  const ids = parts.map(({ projectId }) => projectId)
  const regexes = parts.map(({ regex }) => regex)
  return sql`exists (
    select 1 from unnest(${ids}::bigint[], ${regexes}::text[]) as part (project_id, regex)
    where part.project_id = project.id and substr(repository.name, length(project.name) + 2) ~ part.regex)`
}
