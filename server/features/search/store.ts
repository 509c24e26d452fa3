import { projectColumns, type Project } from '../../catalog/project.ts'
import { listedRepositories } from '../../catalog/repository.ts'
import { visibleProjects, visibleRepositories, type Viewer } from '../../catalog/viewer.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'

export type FoundProject = Project & { ownerName: string; repositories: number }
export type FoundRepository = {
  name: string
  projectId: number
  projectName: string
  isPublic: boolean
  pulls: number
  artifacts: number
}

/** The most results of each kind: Harbor's search has no pages. */
const most = 500

/**
 * Projects that the viewer may see and whose name contains the text, taken literally. `inside`: the viewer of their
 * repositories, of which each project counts those that it shows.
 */
export function findProjects(db: Queryable, viewer: Viewer, inside: Viewer, text: string): Promise<FoundProject[]> {
  return db.rows<FoundProject>(sql`
    select ${projectColumns}, owner.name as "ownerName", (
      select count(*) from repository
      where repository.project_id = project.id and ${listedRepositories}
        and ${visibleRepositories(inside)}) as repositories
    from project join account owner on owner.id = project.owner_id
    where ${visibleProjects(viewer)} and position(${text} in project.name) > 0 order by project.name limit ${most}`)
}

/** Repositories with an artifact in projects that the viewer may see, whose name contains the text. */
export function findRepositories(db: Queryable, viewer: Viewer, text: string): Promise<FoundRepository[]> {
  return db.rows<FoundRepository>(sql`
    select repository.name, project.id as "projectId", project.name as "projectName",
      project.is_public as "isPublic", repository.pull_count as pulls,
      (select count(*) from artifact where artifact.repository_id = repository.id) as artifacts
    from repository join project on project.id = repository.project_id
    where ${visibleRepositories(viewer)} and position(${text} in repository.name) > 0 and ${listedRepositories}
    order by repository.name limit ${most}`)
}

type Counts = { isPublic: boolean; projects: number; repositories: number }

/**
 * Counts of the projects that the viewer may see, public and private ones apart, and of the repositories that `inside`
 * shows.
 */
export function countVisible(db: Queryable, viewer: Viewer, inside: Viewer): Promise<Counts[]> {
  return db.rows<Counts>(sql`
    select project.is_public as "isPublic", count(*) as projects,
      sum((
        select count(*) from repository
        where repository.project_id = project.id and ${listedRepositories}
          and ${visibleRepositories(inside)}))::bigint as repositories
    from project where ${visibleProjects(viewer)} group by project.is_public`)
}

/** Bytes stored: each blob once, and each manifest. */
export async function countStored(db: Queryable): Promise<number> {
  const row = await db.row<{ bytes: number }>(sql`
    select (
      (select coalesce(sum(size), 0) from blob) +
      (select coalesce(sum(octet_length(content)), 0) from manifest))::bigint as bytes`)
  return row!.bytes
}
