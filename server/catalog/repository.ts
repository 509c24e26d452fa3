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
import { visibleProjects, type Viewer } from './viewer.ts'

export type Repository = { id: number; projectId: number; name: RepositoryName }

export const repositoryKey = keyOf('repository', 'name')
/** A repository with what lists show of it; see features/repositories/store.ts. */
export const repositoryIdKey = keyOf('repository', 'id')

/** How many repositories a project lists; see features/projects/store.ts. */
export const repositoryCountKey = keyOf('repository_count', 'project_id')

/**
 * What a project's list of repositories shows: those that hold an artifact, and those of another registry. With `offset
 * 0` PostgreSQL looks for one artifact of each repository; without, it reads all artifacts of all projects at once.
 */
export const listedRepositories = sql`(
  repository.is_elsewhere or exists (select 1 from artifact where artifact.repository_id = repository.id offset 0))`

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

/** Repositories that hold an artifact, by name, after the cursor `last`. Only of projects that the viewer may see. */
export async function listRepositoryNames(
  db: Queryable,
  viewer: Viewer,
  page: { last: string; limit: number },
): Promise<string[]> {
  const rows = await db.rows<{ name: string }>(sql`
    select repository.name from repository join project on project.id = repository.project_id
    where repository.name > ${page.last}
      and ${visibleProjects(viewer)}
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
