import type { RepositoryName } from '../../oci/reference.ts'
import { emit } from '../platform/events/emit.ts'
import type { Queryable, Tx } from '../platform/db/db.ts'
import { keyOf } from '../platform/cache/keys.ts'
import { sql } from '../platform/db/sql.ts'
import type { Maybe } from '../platform/maybe.ts'
import { blobKey } from './blob.ts'
import type { Project } from './project.ts'
import type { Reader } from './reader.ts'
import { facts, type Actor } from './topics.ts'
import { visibleRepositories, type Viewer } from './viewer.ts'

export type Repository = { id: number; projectId: number; name: RepositoryName }

export const repositoryKey = keyOf('repository', 'name')
/** A repository with what lists show of it; see features/repositories/store.ts. */
export const repositoryIdKey = keyOf('repository', 'id')

/** How many repositories a project lists. */
export const repositoryCountKey = keyOf('repository_count', 'project_id')

/**
 * What a project's list of repositories shows: those that hold an artifact, and those of another registry. Only for a
 * repository that is not known to be filled, PostgreSQL looks for an artifact; with `offset 0` it looks for one of that
 * repository, without it would read all artifacts of all projects at once.
 */
export const listedRepositories = sql`(repository.is_filled or repository.is_elsewhere
  or exists (select 1 from artifact where artifact.repository_id = repository.id offset 0))`

/** The number of listed repositories of each of these projects. From the cache. */
export async function countRepositories({ db, cache }: Reader, projectIds: number[]): Promise<Map<number, number>> {
  const load = async (missing: number[]) => {
    const counts = new Map((await countListed(db, missing)).map(({ id, count }) => [id, count]))
    return new Map(missing.map((id) => [id, { count: counts.get(id) ?? 0 }]))
  }
  const found = await cache.many(projectIds, repositoryCountKey, load, () => 50)
  return new Map([...found].map(([id, { count }]) => [id, count]))
}

/** The number of listed repositories that the viewer may see in each of these projects. */
export async function countVisibleRepositories(
  db: Queryable,
  viewer: Viewer,
  projectIds: number[],
): Promise<Map<number, number>> {
  const rows = await db.rows<{ id: number; count: number }>(sql`
    select project.id, count(*) from repository join project on project.id = repository.project_id
    where project.id = any(${projectIds}::bigint[]) and ${visibleRepositories(viewer)} and ${listedRepositories}
    group by project.id`)
  return new Map(rows.map(({ id, count }) => [id, count]))
}

function countListed(db: Queryable, projectIds: number[]): Promise<{ id: number; count: number }[]> {
  return db.rows(sql`
    select project_id as id, sum(n)::bigint as count from (
      select project_id, n from repository_total where project_id = any(${projectIds}::bigint[])
      union all
      select project_id, 1 from repository
        where project_id = any(${projectIds}::bigint[]) and not (is_filled or is_elsewhere)
          and exists (select 1 from artifact where artifact.repository_id = repository.id offset 0)) as one
    group by project_id having sum(n) > 0`)
}

/** Joins the rows that make up a project's number of repositories, and removes those that come to 0. */
export async function joinTotals(db: Queryable): Promise<void> {
  await db.run(sql`
    with many as (
        select project_id from repository_total
        group by project_id having count(*) > 20 or sum(n) = 0 limit 100),
      gone as (
        delete from repository_total using many where repository_total.project_id = many.project_id
        returning repository_total.project_id, n)
    insert into repository_total (project_id, n)
      select project_id, sum(n) from gone group by project_id having sum(n) <> 0`)
}

const columns = sql`id, project_id as "projectId", name`

/** By its full name. Undefined for a name that was never pushed to. */
export function findRepository({ db, cache }: Reader, name: RepositoryName): Maybe<Repository | undefined> {
  return cache.get(repositoryKey(name), () =>
    db.row<Repository>(sql`select ${columns} from repository where name = ${name}`),
  )
}

/**
 * The repository, created by the first push to its name. An existing row is not written, so pushes do not wait for its
 * lock.
 */
export async function ensureRepository(tx: Tx, project: Project, name: RepositoryName, by: Actor): Promise<Repository> {
  const find = () => tx.row<Repository>(sql`select ${columns} from repository where name = ${name}`)
  const found = await find()
  if (found) return found
  const made = await tx.row<Repository>(sql`
    insert into repository (project_id, name) values (${project.id}, ${name})
    on conflict (name) do nothing returning ${columns}`)
  if (made) await emit(tx, [facts.repositoryCreated({ projectId: project.id, repository: name }, by)])
  return made ?? (await find())!
}

/** Repositories that hold an artifact, by name, after the cursor `last`. Only those that the viewer may see. */
export async function listRepositoryNames(
  db: Queryable,
  viewer: Viewer,
  page: { last: string; limit: number },
): Promise<string[]> {
  const rows = await db.rows<{ name: string }>(sql`
    select repository.name from repository join project on project.id = repository.project_id
    where repository.name > ${page.last}
      and ${visibleRepositories(viewer)}
      and exists (select 1 from artifact where artifact.repository_id = repository.id)
    order by repository.name limit ${page.limit}`)
  return rows.map(({ name }) => name)
}

/** True when the project has a repository with an artifact in it. */
export async function hasArtifacts(db: Queryable, projectId: number): Promise<boolean> {
  const row = await db.row<{ found: boolean }>(sql`
    select exists (
      select 1 from repository join artifact on artifact.repository_id = repository.id
      where repository.project_id = ${projectId}) as found`)
  return row!.found
}

/** Removes the project's repositories, which must hold no artifact, and their holds on blobs. */
export async function dropEmptyRepositories(tx: Tx, projectId: number): Promise<void> {
  const empty = await tx.rows<Repository>(
    sql`select ${columns} from repository where project_id = ${projectId} for update`,
  )
  const ids = empty.map(({ id }) => id)
  const held = await tx.rows<{ repository: string; digest: string }>(sql`
    delete from repository_blob using blob, repository
    where repository_blob.repository_id = any(${ids}::bigint[])
      and blob.id = repository_blob.blob_id and repository.id = repository_blob.repository_id
    returning repository.name as repository, blob.digest`)
  tx.changes(
    ...empty.flatMap(({ id, name }) => [repositoryKey(name), repositoryIdKey(id)]),
    ...held.map(({ repository, digest }) => blobKey(repository, digest)),
  )
  await tx.run(sql`delete from repository where id = any(${ids}::bigint[])`)
}
