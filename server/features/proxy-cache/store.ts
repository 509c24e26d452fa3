import type { Digest } from '../../../oci/digest.ts'
import type { RepositoryName, Tag } from '../../../oci/reference.ts'
import { usageCounted } from '../../catalog/usage.ts'
import type { Paged, PagePart, Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'

/** The figures of a cache; sizes in bytes. */
type Figures = Record<
  | 'tags'
  | 'goneTags'
  | 'artifacts'
  | 'waiting'
  | 'downloads'
  | 'usedBytes'
  | 'hits'
  | 'misses'
  | 'stale'
  | 'savedBytes'
  | 'fetchedBytes',
  number
>

export async function readFigures(db: Queryable, projectId: number): Promise<Figures | undefined> {
  return db.row<Figures>(sql`
    select
      (select count(*) from proxied_tag where project_id = project.id) as tags,
      (select count(*) from proxied_tag where project_id = project.id and gone_at is not null) as "goneTags",
      (
        select count(*) from artifact join repository on repository.id = artifact.repository_id
        where repository.project_id = project.id) as artifacts,
      (select count(*) from proxied_manifest where project_id = project.id and content is not null) as waiting,
      (select count(*) from proxied_download where project_id = project.id) as downloads,
      ${usageCounted} as "usedBytes",
      coalesce(tally.hits, 0) as hits, coalesce(tally.misses, 0) as misses, coalesce(tally.stale, 0) as stale,
      coalesce(tally.saved_bytes, 0) as "savedBytes", coalesce(tally.fetched_bytes, 0) as "fetchedBytes"
    from project left join proxied_tally tally on tally.project_id = project.id
    where project.id = ${projectId}`)
}

export type CachedTag = {
  repository: RepositoryName
  name: Tag
  digest: Digest
  isStored: boolean
  checkedAt: Date
  goneAt: Date | null
  pushedAt: Date | null
  pulledAt: Date | null
  size: number | null
}

export const cachedOrder = sql`known.repository, known.name`

/** One page of the tags that a cache knows. `repository`: with the project. */
export function listCachedTags(
  db: Queryable,
  projectId: number,
  { repository, isGone }: { repository: string | undefined; isGone: boolean | undefined },
  part: PagePart,
): Promise<Paged<CachedTag>> {
  const chosen = sql`
    known.project_id = ${projectId}
    and (${repository ?? null}::text is null or known.repository = ${repository ?? null}::text)
    and (${isGone ?? null}::boolean is null or (known.gone_at is not null) = ${isGone ?? null}::boolean)`
  const columns = sql`
    known.repository, known.name, known.digest, tag.id is not null as "isStored", known.checked_at as "checkedAt",
    known.gone_at as "goneAt", tag.pushed_at as "pushedAt", greatest(tag.pulled_at, artifact.pulled_at) as "pulledAt",
    artifact.size`
  const from = sql`
    from proxied_tag known
      left join repository on repository.name = known.repository
      left join artifact on artifact.repository_id = repository.id and artifact.digest = known.digest
      left join tag on tag.repository_id = repository.id and tag.name = known.name and tag.artifact_id = artifact.id
    where ${chosen}`
  return db.page({ columns, from, counted: sql`from proxied_tag known where ${chosen}` }, part)
}

/** The artifact of a tag that is here, and whether other tags name it, too. */
export function findArtifactOf(
  db: Queryable,
  repositoryId: number,
  tag: string,
): Promise<{ digest: Digest; isShared: boolean } | undefined> {
  return db.row(sql`
    select artifact.digest, exists (
      select from tag other where other.artifact_id = artifact.id and other.name <> ${tag}) as "isShared"
    from tag join artifact on artifact.id = tag.artifact_id
    where tag.repository_id = ${repositoryId} and tag.name = ${tag}`)
}

/** Projects that cache an endpoint. */
export async function listCachesOf(db: Queryable, endpointId: number): Promise<string[]> {
  const rows = await db.rows<{ name: string }>(
    sql`select name from project where endpoint_id = ${endpointId} order by id limit 1000`,
  )
  return rows.map(({ name }) => name)
}

/** All projects that cache another registry, by id, after the one with the id `after`. */
export function listCaches(db: Queryable, after: number): Promise<{ id: number; name: string }[]> {
  return db.rows(
    sql`select id, name from project where endpoint_id is not null and id > ${after} order by id limit 100`,
  )
}

export type Candidate = { digest: Digest; repositoryId: number; repository: RepositoryName; usedAt: Date }

/**
 * Artifacts of a project that no index names, in the order in which they were used last: pulled, or else pushed. The
 * use of a part is a use of its index. Those that are being fetched, or were used in the last `graceMs`, are left out.
 */
export function listUnused(
  db: Queryable,
  projectId: number,
  { before, graceMs, limit }: { before: Date | undefined; graceMs: number; limit: number },
): Promise<Candidate[]> {
  return db.rows(sql`
    with used as (
      select artifact.id, artifact.digest, repository.id as repository_id, repository.name,
        greatest(artifact.pulled_at, artifact.pushed_at, (
          select max(greatest(child.pulled_at, child.pushed_at))
          from artifact_child part join artifact child on child.id = part.child_id
          where part.parent_id = artifact.id)) as used_at
      from artifact join repository on repository.id = artifact.repository_id
      where repository.project_id = ${projectId}
        and not exists (select from artifact_child part where part.child_id = artifact.id)
        and not exists (select from proxied_download under_way where under_way.repository = repository.name))
    select digest, repository_id as "repositoryId", name as repository, used_at as "usedAt" from used
    where used_at < clock_timestamp() - ${graceMs}::float8 * interval '1 ms'
      and (${before ?? null}::timestamptz is null or used_at < ${before ?? null}::timestamptz)
    order by used_at, id limit ${limit}`)
}

/**
 * Removes what the caches know of manifests that are not here a week after they were fetched, and of tags that name
 * none and were not asked for since.
 */
export async function dropUnfinished(db: Queryable): Promise<void> {
  const isHere = sql`exists (
    select from artifact join repository on repository.id = artifact.repository_id
    where repository.name = known.repository and artifact.digest = known.digest)`
  await db.run(sql`
    delete from proxied_manifest where id in (
      select known.id from proxied_manifest known
      where known.fetched_at < now() - interval '7 days' and not ${isHere} limit 10000)`)
  await db.run(sql`
    delete from proxied_tag where (repository, name) in (
      select known.repository, known.name from proxied_tag known
      where known.checked_at < now() - interval '7 days' and not ${isHere} limit 10000)`)
}
