import { projectColumns, type Project } from '../../catalog/project.ts'
import { visibleProjects, type Viewer } from '../../catalog/viewer.ts'
import type { Queryable } from '../../platform/db/db.ts'
import type { Fields, Listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'

export type ListedProject = Project & { ownerName: string; repositories: number }

/** What a list of projects may be filtered and sorted by. */
export const projectFields: Fields = {
  name: { type: 'text', column: sql`project.name` },
  project_id: { type: 'integer', column: sql`project.id` },
  public: { type: 'boolean', column: sql`project.is_public` },
  owner_id: { type: 'integer', column: sql`project.owner_id` },
  owner: { type: 'text', column: sql`owner.name` },
  creation_time: { type: 'time', column: sql`project.created_at` },
  update_time: { type: 'time', column: sql`project.updated_at` },
}

export const projectOrder = sql`project.name`

/** One page of the projects a viewer may see, and how many there are. */
export async function listProjects(db: Queryable, viewer: Viewer, { where, order, limit, offset }: Listing): Promise<{ projects: ListedProject[]; total: number }> {
  const from = sql`from project join account owner on owner.id = project.owner_id where ${visibleProjects(viewer)} and ${where}`
  const [projects, total] = await Promise.all([
    db.rows<ListedProject>(sql`select ${projectColumns}, owner.name as "ownerName", ${repositoryCount} as repositories ${from} order by ${order} limit ${limit} offset ${offset}`),
    db.row<{ count: number }>(sql`select count(*) ${from}`),
  ])
  return { projects, total: total!.count }
}

const repositoryCount = sql`(select count(*) from repository where repository.project_id = project.id and exists (
  select 1 from artifact where artifact.repository_id = repository.id))`

/** What a single project's answer shows beside its own row. */
export async function describeProject(db: Queryable, id: number): Promise<{ ownerName: string; repositories: number; metadata: Record<string, string> }> {
  const row = await db.row<{ ownerName: string; repositories: number; metadata: Record<string, string> }>(sql`
    select owner.name as "ownerName", ${repositoryCount} as repositories,
      coalesce((select json_object_agg(name, value) from project_metadata where project_id = project.id), '{}') as metadata
    from project join account owner on owner.id = project.owner_id where project.id = ${id}`)
  return row!
}
