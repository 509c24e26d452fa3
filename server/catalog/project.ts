import type { Queryable, Tx } from '../platform/db/db.ts'
import { sql } from '../platform/db/sql.ts'
import type { Reader } from './reader.ts'

export type Project = { id: number; name: string; ownerId: number; isPublic: boolean; createdAt: Date; updatedAt: Date }

const columns = sql`id, name, owner_id as "ownerId", is_public as "isPublic", created_at as "createdAt", updated_at as "updatedAt"`

export const projectKey = (name: string) => `project:${name}`

/** Asked on every request below /v2, hence from the cache. */
export function findProject({ db, cache }: Reader, name: string): Promise<Project | undefined> {
  return cache.get(projectKey(name), () => db.row<Project>(sql`select ${columns} from project where name = ${name}`))
}

export function findProjectById(db: Queryable, id: number): Promise<Project | undefined> {
  return db.row<Project>(sql`select ${columns} from project where id = ${id}`)
}

/** Throws a unique violation when the name is taken. */
export async function saveProject(tx: Tx, project: { name: string; ownerId: number; isPublic: boolean }): Promise<Project> {
  tx.changes(projectKey(project.name))
  const row = await tx.row<Project>(
    sql`insert into project (name, owner_id, is_public) values (${project.name}, ${project.ownerId}, ${project.isPublic}) returning ${columns}`,
  )
  return row!
}

/** Removes a project that no repository stands in any more; a foreign key refuses otherwise. */
export async function dropProject(tx: Tx, project: Project): Promise<void> {
  tx.changes(projectKey(project.name))
  await tx.run(sql`delete from project where id = ${project.id}`)
}

/** Projects in the order of their names that the viewer may see: all for an administrator, else public and own ones. */
export async function listProjects(db: Queryable, viewer: { isAdmin: boolean; id: number | null }, page: { name?: string; limit: number; offset: number }) {
  const visible = sql`(${viewer.isAdmin} or project.is_public or exists (
    select 1 from project_member member where member.project_id = project.id and member.account_id = ${viewer.id}))`
  const named = page.name === undefined ? sql`true` : sql`position(${page.name} in project.name) > 0`
  const [projects, total] = await Promise.all([
    db.rows<Project & { repositories: number }>(sql`
      select ${columns}, (select count(*) from repository where repository.project_id = project.id and exists (
        select 1 from artifact where artifact.repository_id = repository.id)) as repositories
      from project where ${visible} and ${named} order by name limit ${page.limit} offset ${page.offset}`),
    db.row<{ count: number }>(sql`select count(*) from project where ${visible} and ${named}`),
  ])
  return { projects, total: total!.count }
}
