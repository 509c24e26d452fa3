import type { Digest } from '../../../../oci/digest.ts'
import { visibleRepositories, type Viewer } from '../../../catalog/viewer.ts'
import type { Paged, Queryable } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'

/**
 * The most of each that a graph holds; manifests in bytes together. Holders of a blob are counted up to `counted`,
 * among the first `lookedAt`: an empty config may be in every repository.
 */
export const limits = {
  referrers: 1000,
  parents: 100,
  manifestBytes: 4 * 1024 * 1024,
  counted: 100,
  lookedAt: 1000,
}

type StoredManifest = { id: number; content: Buffer | null }

/** Manifests by the ids of their artifacts, in that order; those beyond 4 MiB together are without content. */
export function listManifests(db: Queryable, ids: number[]): Promise<StoredManifest[]> {
  return db.rows<StoredManifest>(sql`
    select id, case when bytes <= ${limits.manifestBytes} or place = 1 then content end as content
    from (
      select wanted.id, place, manifest.content,
        sum(octet_length(manifest.content)) over (order by place) as bytes
      from unnest(${ids}::bigint[]) with ordinality as wanted (id, place)
        join manifest on manifest.artifact_id = wanted.id) each
    order by place`)
}

export type ReferrerRow = {
  digest: Digest
  subject: Digest
  type: string
  artifactType: string | null
  size: number
  pushedAt: Date
  annotations: Record<string, string>
}

/** What names one of the digests as its subject, in its manifest or, as cosign does, in its tag. Newest first. */
export function listReferrersOf(db: Queryable, repositoryId: number, digests: string[]): Promise<ReferrerRow[]> {
  return db.rows<ReferrerRow>(sql`
    select artifact.digest, named.subject, coalesce(named.type, 'subject.accessory') as type,
      artifact.artifact_type as "artifactType", artifact.size, artifact.pushed_at as "pushedAt", artifact.annotations
    from (
      select artifact_id, min(subject) as subject, max(type) as type from (
        select accessory.artifact_id, accessory.subject_digest as subject, accessory.type
        from accessory
        where accessory.repository_id = ${repositoryId} and accessory.subject_digest = any(${digests}::text[])
        union all
        select artifact.id, artifact.subject_digest, null::text from artifact
        where artifact.repository_id = ${repositoryId} and artifact.subject_digest = any(${digests}::text[])) each
      group by 1) named
      join artifact on artifact.id = named.artifact_id
    order by artifact.pushed_at desc, artifact.id desc limit ${limits.referrers}`)
}

/** Indexes of the repository that name the artifact, newest first. */
export function listParents(
  db: Queryable,
  repositoryId: number,
  childId: number,
): Promise<{ digest: Digest; type: string; tags: string[] }[]> {
  return db.rows(sql`
    select artifact.digest, artifact.type,
      array(select name::text from tag where tag.artifact_id = artifact.id order by id desc limit 20) as tags
    from artifact
    where artifact.id in (
      select parent_id from artifact_child
      where artifact_child.repository_id = ${repositoryId} and artifact_child.child_id = ${childId})
    order by artifact.pushed_at desc, artifact.id desc limit ${limits.parents}`)
}

/** How many other repositories that the viewer may see hold each blob, within the limits. */
export function countHolders(
  db: Queryable,
  repositoryId: number,
  digests: string[],
  viewer: Viewer,
): Promise<{ digest: string; count: number }[]> {
  return db.rows(sql`
    select blob.digest, (
      select count(*) from (
        select 1 from (
            select repository_id from repository_blob
            where blob_id = blob.id and repository_id <> ${repositoryId} limit ${limits.lookedAt}) held
          join repository on repository.id = held.repository_id
          join project on project.id = repository.project_id
        where ${visibleRepositories(viewer)} limit ${limits.counted}) others) as count
    from blob where blob.digest = any(${digests}::text[])`)
}

type PlaceRow = {
  projectId: number
  projectName: string
  repositoryName: string
  digest: Digest
  tags: string[]
  pushedAt: Date
}

/**
 * One page of the other repositories that the viewer may see and that have the artifact. They are found by the largest
 * blob of the artifact or of its parts, which every repository with the artifact holds: there is no index of all
 * digests. An index without any part is found nowhere else.
 */
export function listPlaces(
  db: Queryable,
  { id, repositoryId, digest }: { id: number; repositoryId: number; digest: Digest },
  viewer: Viewer,
  part: { limit: number; offset: number },
): Promise<Paged<PlaceRow>> {
  const columns = sql`
    project.id as "projectId", project.name as "projectName", repository.name as "repositoryName", artifact.digest,
    array(select name::text from tag where tag.artifact_id = artifact.id order by id desc limit 20) as tags,
    artifact.pushed_at as "pushedAt"`
  const from = sql`
    from repository_blob held
      join repository on repository.id = held.repository_id
      join project on project.id = repository.project_id
      join artifact on artifact.repository_id = held.repository_id and artifact.digest = ${digest}
    where held.blob_id = (
      with recursive part (id) as (
        select ${id}::bigint
        union select child_id from part join artifact_child on artifact_child.parent_id = part.id)
      select blob.id from part
        join artifact_blob used on used.artifact_id = part.id join blob on blob.id = used.blob_id
      order by blob.size desc, blob.id limit 1)
      and held.repository_id <> ${repositoryId} and ${visibleRepositories(viewer)}`
  return db.page<PlaceRow>({ columns, from }, { ...part, order: sql`repository.name` })
}
