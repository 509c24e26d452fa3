import { projectColumns, type Project } from '../../catalog/project.ts'
import { visibleProjects, type Viewer } from '../../catalog/viewer.ts'
import type { Reader } from '../../catalog/reader.ts'
import { keyOf } from '../../platform/cache/keys.ts'
import type { Queryable, Tx } from '../../platform/db/db.ts'
import type { Fields, Listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'

/** What an answer shows beside the project's own row. */
export type Details = { ownerName: string; repositories: number; metadata: Record<string, string> }
export type ListedProject = Project & Details

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

const repositoryCount = sql`(select count(*) from repository where repository.project_id = project.id and exists (
  select 1 from artifact where artifact.repository_id = repository.id))`

const details = sql`owner.name as "ownerName", ${repositoryCount} as repositories,
  coalesce((select json_object_agg(name, value) from project_metadata where project_id = project.id), '{}') as metadata`

/** One page of the projects a viewer may see, and how many there are. */
export async function listProjects(db: Queryable, viewer: Viewer, { where, order, limit, offset }: Listing): Promise<{ projects: ListedProject[]; total: number }> {
  const from = sql`from project join account owner on owner.id = project.owner_id where ${visibleProjects(viewer)} and ${where}`
  const [projects, total] = await Promise.all([
    db.rows<ListedProject>(sql`select ${projectColumns}, ${details} ${from} order by ${order} limit ${limit} offset ${offset}`),
    db.row<{ count: number }>(sql`select count(*) ${from}`),
  ])
  return { projects, total: total!.count }
}

export async function describeProject(db: Queryable, id: number): Promise<Details> {
  const row = await db.row<Details>(sql`select ${details} from project join account owner on owner.id = project.owner_id where project.id = ${id}`)
  return row!
}

/** Members by role, accounts and groups alike. */
export async function countMembers(db: Queryable, projectId: number): Promise<Map<number, number>> {
  const rows = await db.rows<{ role: number; count: number }>(sql`select role, count(*) from project_member where project_id = ${projectId} group by role`)
  return new Map(rows.map(({ role, count }) => [role, count]))
}

const metadataKey = keyOf('project_metadata', 'project_id')

/** All but `public`, which stands in the project's own row. From the cache. */
export async function findMetadata({ db, cache }: Reader, projectId: number): Promise<Record<string, string>> {
  const load = async () => {
    const rows = await db.rows<{ name: string; value: string }>(sql`select name, value from project_metadata where project_id = ${projectId} order by name`)
    return { metadata: Object.fromEntries(rows.map(({ name, value }) => [name, value])) }
  }
  return (await cache.get(metadataKey(projectId), load, ({ metadata }) => 200 + JSON.stringify(metadata).length * 2))!.metadata
}

export async function saveMetadata(tx: Tx, projectId: number, metadata: Record<string, string>): Promise<void> {
  if (Object.keys(metadata).length === 0) return
  tx.changes(metadataKey(projectId))
  await tx.run(sql`
    insert into project_metadata (project_id, name, value) select ${projectId}, name, value
    from unnest(${Object.keys(metadata)}::text[], ${Object.values(metadata)}::text[]) as one (name, value) order by name
    on conflict (project_id, name) do update set value = excluded.value`)
}

/** False when there is such metadata already. */
export async function addMetadata(tx: Tx, projectId: number, name: string, value: string): Promise<boolean> {
  tx.changes(metadataKey(projectId))
  return (await tx.run(sql`insert into project_metadata (project_id, name, value) values (${projectId}, ${name}, ${value}) on conflict do nothing`)) > 0
}

/** False when there was none. */
export async function dropMetadata(tx: Tx, projectId: number, name: string): Promise<boolean> {
  tx.changes(metadataKey(projectId))
  return (await tx.run(sql`delete from project_metadata where project_id = ${projectId} and name = ${name}`)) > 0
}
