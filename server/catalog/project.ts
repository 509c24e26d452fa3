import type { Queryable, Tx } from '../platform/db/db.ts'
import { keyOf } from '../platform/cache/keys.ts'
import { sql } from '../platform/db/sql.ts'
import type { Maybe } from '../platform/maybe.ts'
import type { Reader } from './reader.ts'

/**
 * Names that no project may have: the one reserved for system artifacts (S0-09), and the one that Harbor really uses.
 */
export const reservedProjects: readonly string[] = ['sys_harbor_ns', 'sys_harb0r']

export type Project = {
  id: number
  name: string
  ownerId: number
  isPublic: boolean
  /** The endpoint whose registry the project caches; null for an ordinary project. It never changes. */
  endpointId: number | null
  createdAt: Date
  updatedAt: Date
}

/** The fields of Project, for any statement over `project`. */
export const projectColumns = sql`
  project.id, project.name, project.owner_id as "ownerId", project.is_public as "isPublic",
  project.endpoint_id as "endpointId", project.created_at as "createdAt", project.updated_at as "updatedAt"`

export const projectKey = keyOf('project', 'name')
export const projectIdKey = keyOf('project', 'id')

/** From the cache: every request below /v2 asks for its project. */
export function findProject({ db, cache }: Reader, name: string): Maybe<Project | undefined> {
  // PostgreSQL refuses a text with NUL by an error, but this means only that there is no project of that name.
  if (name.includes('\0')) return undefined
  return cache.get(projectKey(name), () =>
    db.row<Project>(sql`select ${projectColumns} from project where name = ${name}`),
  )
}

/**
 * Takes as long as a search for an absent project, which always asks the database. Code that hides a project calls this
 * before it refuses: otherwise the time would tell what the words do not.
 */
export async function missProject(reader: Reader): Promise<void> {
  await findProject(reader, '')
}

/** With the name of its owner's account, which never changes. */
export type OwnedProject = Project & { ownerName: string }

/** From the cache for a Reader; from the database for a transaction, which has to see its own changes. */
export async function findProjectById(from: Queryable | Reader, id: number): Promise<OwnedProject | undefined> {
  const load = async (db: Queryable) => (await loadProjects(db, [id])).get(id)
  return 'cache' in from ? from.cache.get(projectIdKey(id), () => load(from.db)) : load(from)
}

/** Several projects by their ids, without deleted ones (S1-32). */
export function findProjectsById({ db, cache }: Reader, ids: readonly number[]): Promise<Map<number, OwnedProject>> {
  return cache.many(ids, projectIdKey, (missing) => loadProjects(db, missing))
}

async function loadProjects(db: Queryable, ids: readonly number[]): Promise<Map<number, OwnedProject>> {
  const rows = await db.rows<OwnedProject>(sql`
    select ${projectColumns}, owner.name as "ownerName"
    from project join account owner on owner.id = project.owner_id
    where project.id = any(${ids}::bigint[])`)
  return new Map(rows.map((one) => [one.id, one]))
}

/** Throws a unique violation when the name is taken. */
export async function saveProject(
  tx: Tx,
  project: { name: string; ownerId: number; isPublic: boolean; endpointId?: number | null },
): Promise<Project> {
  tx.changes(projectKey(project.name))
  const row = await tx.row<Project>(sql`
    insert into project (name, owner_id, is_public, endpoint_id)
    values (${project.name}, ${project.ownerId}, ${project.isPublic}, ${project.endpointId ?? null}::bigint)
    returning ${projectColumns}`)
  return row!
}

/** Removes a project without repositories; throws a foreign key violation when it has some. */
export async function dropProject(tx: Tx, project: Project): Promise<void> {
  tx.changes(projectKey(project.name), projectIdKey(project.id))
  await tx.run(sql`delete from project where id = ${project.id}`)
}

/** Makes a project public or private. The next request of any caller sees it. */
export async function setPublic(tx: Tx, project: Project, isPublic: boolean): Promise<void> {
  tx.changes(projectKey(project.name), projectIdKey(project.id))
  await tx.run(sql`update project set is_public = ${isPublic}, updated_at = now() where id = ${project.id}`)
}

/** Gives all projects of an account to another one; returns how many. */
export async function handOverProjects(tx: Tx, fromAccountId: number, toAccountId: number): Promise<number> {
  const rows = await tx.rows<{ id: number; name: string }>(sql`
    update project set owner_id = ${toAccountId}, updated_at = now()
    where owner_id = ${fromAccountId} returning id, name`)
  tx.changes(...rows.flatMap(({ id, name }) => [projectKey(name), projectIdKey(id)]))
  return rows.length
}
