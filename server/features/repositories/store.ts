import type { Digest } from '../../../oci/digest.ts'
import type { Tag } from '../../../oci/reference.ts'
import { artifactCountKey } from '../../catalog/artifact.ts'
import { blobKey } from '../../catalog/blob.ts'
import { listedArtifacts } from '../../catalog/listed.ts'
import type { Reader } from '../../catalog/reader.ts'
import {
  countRepositories,
  listedRepositories,
  repositoryCountKey,
  repositoryIdKey,
  repositoryKey,
  type Repository,
} from '../../catalog/repository.ts'
import { visibleRepositories, type Viewer } from '../../catalog/viewer.ts'
import type { Paged, Queryable, Tx } from '../../platform/db/db.ts'
import type { Condition, Fields, Listing } from '../../platform/db/listing.ts'
import { sql, type Sql } from '../../platform/db/sql.ts'

export type DescribedRepository = Repository & {
  description: string
  pullCount: number
  createdAt: Date
  updatedAt: Date
  pulledAt: Date | null
  artifacts: number
}

export const repositoryFields: Fields = {
  id: { type: 'integer', column: sql`repository.id` },
  repository_id: { type: 'integer', column: sql`repository.id` },
  name: { type: 'text', column: sql`repository.name` },
  project_id: { type: 'integer', column: sql`repository.project_id` },
  description: { type: 'text', column: sql`repository.description`, isSortable: false },
  pull_count: { type: 'integer', column: sql`repository.pull_count` },
  creation_time: { type: 'time', column: sql`repository.created_at` },
  update_time: { type: 'time', column: sql`repository.updated_at` },
  last_pull_time: { type: 'time', column: sql`repository.pulled_at` },
  blob_digest: { type: 'custom', where: whereBlob },
}
export const repositoryOrder = sql`repository.created_at desc, repository.id desc`

const columns = sql`
  repository.id, repository.project_id as "projectId", repository.name, repository.description,
  repository.pull_count as "pullCount", repository.created_at as "createdAt", repository.updated_at as "updatedAt",
  repository.pulled_at as "pulledAt"`

type Row = Omit<DescribedRepository, 'artifacts'>

/**
 * Repositories that hold a blob. A Harbor asks this before it copies a layer here, to mount it instead
 * (`q=blob_digest=sha256:...`, its pkg/reg/adapter/harbor/v2/client.go).
 */
function whereBlob(condition: Condition): Sql | undefined {
  if (condition.kind !== 'is') return undefined
  return sql`repository.id in (
    select held.repository_id from repository_blob held join blob on blob.id = held.blob_id
    where blob.digest = ${condition.value})`
}

/** Repositories of all projects that the viewer may see. Those without an artifact are left out, as in /v2/_catalog. */
export function listRepositories(reader: Reader, viewer: Viewer, asked: Listing): Promise<Paged<DescribedRepository>> {
  return page(reader, visibleRepositories(viewer), asked)
}

/** Repositories of one project that the viewer may see; those without an artifact are left out. */
export async function listRepositoriesOf(
  reader: Reader,
  projectId: number,
  viewer: Viewer,
  asked: Listing,
): Promise<Paged<DescribedRepository>> {
  if (!viewer.seesAll) return page(reader, sql`project.id = ${projectId} and ${visibleRepositories(viewer)}`, asked)
  if (asked.isFiltered) return page(reader, sql`project.id = ${projectId}`, asked)
  // The whole list's length is kept, so that a page costs the same in a project of any size.
  const { order, limit, offset } = asked
  const [found, counts] = await Promise.all([
    reader.db.rows<{ id: number }>(sql`
      select repository.id from repository where repository.project_id = ${projectId} and ${listedRepositories}
      order by ${order} limit ${limit} offset ${offset}`),
    countRepositories(reader, [projectId]),
  ])
  const ids = found.map(({ id }) => id)
  return { rows: await describeRepositories(reader, ids), total: counts.get(projectId) ?? 0 }
}

/** Ids from the database, rows and counts from the cache (S1-32). */
async function page(reader: Reader, whose: Sql, { where, ...part }: Listing): Promise<Paged<DescribedRepository>> {
  const from = sql`from repository join project on project.id = repository.project_id
    where ${whose} and ${listedRepositories} and ${where}`
  const { rows, total } = await reader.db.page<{ id: number }>({ columns: sql`repository.id`, from }, part)
  return {
    rows: await describeRepositories(
      reader,
      rows.map(({ id }) => id),
    ),
    total,
  }
}

/** Repositories in the order of the ids; ids without a repository are left out. */
export async function describeRepositories({ db, cache }: Reader, ids: number[]): Promise<DescribedRepository[]> {
  const load = async (missing: number[]) =>
    new Map(
      (await db.rows<Row>(sql`select ${columns} from repository where id = any(${missing}::bigint[])`)).map((one) => [
        one.id,
        one,
      ]),
    )
  const [rows, counts] = await Promise.all([
    cache.many(ids, repositoryIdKey, load, ({ description }) => 500 + description.length * 2),
    cache.many(
      ids,
      artifactCountKey,
      (missing) => countArtifacts(db, missing),
      () => 50,
    ),
  ])
  return ids.flatMap((id) => (rows.has(id) ? { ...rows.get(id)!, artifacts: counts.get(id)?.count ?? 0 } : []))
}

export type RepositoryUsage = { id: number; tags: number; size: number }

/**
 * Tags and bytes of these repositories, each blob of one once, and manifests: three reads of indexes for each
 * repository in one statement. A page of repositories costs what they hold, so that only those who ask pay for it.
 */
export async function countUsageOf(db: Queryable, ids: number[]): Promise<Map<number, RepositoryUsage>> {
  const rows = await db.rows<RepositoryUsage>(sql`
    select asked.id,
      (select count(*) from tag where tag.repository_id = asked.id) as tags,
      ((select coalesce(sum(blob.size), 0) from repository_blob held join blob on blob.id = held.blob_id
          where held.repository_id = asked.id)
        + (select coalesce(sum(octet_length(manifest.content)), 0)
          from artifact join manifest on manifest.artifact_id = artifact.id
          where artifact.repository_id = asked.id))::bigint as size
    from unnest(${ids}::bigint[]) asked (id)`)
  return new Map(rows.map((one) => [one.id, one]))
}

/** The number of listed artifacts of each repository that has any. */
async function countArtifacts(db: Queryable, ids: number[]): Promise<Map<number, { count: number }>> {
  const rows = await db.rows<{ id: number; count: number }>(sql`
    select artifact.repository_id as id, count(*) from artifact
    where artifact.repository_id = any(${ids}::bigint[]) and ${listedArtifacts}
    group by 1`)
  return new Map(rows.map(({ id, count }) => [id, { count }]))
}

/** False when the repository does not exist. */
export async function saveDescription(tx: Tx, id: number, description: string): Promise<boolean> {
  tx.changes(repositoryIdKey(id))
  return (
    (await tx.run(sql`update repository set description = ${description}, updated_at = now() where id = ${id}`)) > 0
  )
}

/** Locks the row, so that pushes into the repository wait. False when the repository does not exist. */
export async function lockRepository(tx: Tx, id: number): Promise<boolean> {
  return (await tx.row(sql`select id from repository where id = ${id} for update`)) !== undefined
}

/** All artifacts of a repository with the tags of each, for a caller that is about to delete them. */
export function listContents(tx: Tx, repositoryId: number): Promise<{ id: number; digest: Digest; tags: Tag[] }[]> {
  return tx.rows(sql`
    select artifact.id, artifact.digest,
      coalesce(array_agg(tag.name::text order by tag.name) filter (where tag.id is not null), '{}') as tags
    from artifact left join tag on tag.artifact_id = artifact.id
    where artifact.repository_id = ${repositoryId}
    group by artifact.id`)
}

/** Deletes a repository that holds no artifacts any more, together with its holds on blobs. */
export async function dropRepository(tx: Tx, repository: Repository): Promise<void> {
  tx.changes(repositoryKey(repository.name), repositoryIdKey(repository.id), repositoryCountKey(repository.projectId))
  const held = await tx.rows<{ digest: string }>(sql`
    delete from repository_blob using blob
    where repository_blob.repository_id = ${repository.id} and blob.id = repository_blob.blob_id
    returning blob.digest`)
  for (const { digest } of held) tx.changes(blobKey(repository.name, digest))
  await tx.run(sql`delete from repository where id = ${repository.id}`)
}
