import type { Digest } from '../../oci/digest.ts'
import type { RepositoryName } from '../../oci/reference.ts'
import type { Queryable, Tx } from '../platform/db/db.ts'
import { keyOf } from '../platform/cache/keys.ts'
import { sql } from '../platform/db/sql.ts'
import { andThen, type Maybe } from '../platform/maybe.ts'
import { releaseBlobs } from './blob.ts'
import type { Reader } from './reader.ts'
import { repositoryCountKey } from './repository.ts'

/** A manifest as stored, ready to be sent. */
type StoredManifest = { artifactId: number; digest: Digest; mediaType: string; content: Buffer }
/** The same without its bytes; size in bytes. */
type StoredStat = { digest: Digest; mediaType: string; size: number }

/**
 * What an index needs to know of one of its children. In bytes: `size` with everything it references, `length` alone.
 */
export type Child = { id: number; digest: Digest; size: number; length: number; depth: number }

const manifestKey = keyOf('manifest', 'repository', 'digest')

/** A manifest with its bytes. */
export function findManifest(
  { db, cache }: Reader,
  repository: RepositoryName,
  digest: Digest,
): Maybe<StoredManifest | undefined> {
  const load = () =>
    db.row<StoredManifest>(sql`
      select artifact.id as "artifactId", artifact.digest, artifact.media_type as "mediaType", manifest.content
      from artifact
        join repository on repository.id = artifact.repository_id
        join manifest on manifest.artifact_id = artifact.id
      where repository.name = ${repository} and artifact.digest = ${digest}`)
  return cache.get(manifestKey(repository, digest), load, sizeOfManifest)
}

const sizeOfManifest = ({ content }: StoredManifest) => content.length * 2 + 1000

/**
 * A manifest without its bytes, from the cache, or from a query that does not read the bytes and is not cached (S1-38).
 */
export function findManifestStat(
  { db, cache }: Reader,
  repository: RepositoryName,
  digest: Digest,
): Maybe<StoredStat | undefined> {
  const load = () =>
    db.row<StoredStat>(sql`
      select artifact.digest, artifact.media_type as "mediaType", octet_length(manifest.content) as size
      from artifact
        join repository on repository.id = artifact.repository_id
        join manifest on manifest.artifact_id = artifact.id
      where repository.name = ${repository} and artifact.digest = ${digest}`)
  return andThen(cache.getOr<StoredManifest, StoredStat | undefined>(manifestKey(repository, digest), load), (found) =>
    found && 'content' in found ? { digest, mediaType: found.mediaType, size: found.content.length } : found,
  )
}

/** What the processor of an artifact's type read from it before it is stored; see registry/describe.ts. */
export type Description = {
  /** In Harbor's words: IMAGE, CHART, CNAB, WASM, SBOM, CNAI, ...; UNKNOWN when the manifest does not say. */
  type: string
  extraAttrs: Record<string, unknown>
  icon: Digest | undefined
  /** Set when the artifact belongs to another: a signature, an SBOM, ... */
  accessory: { type: string; subject: Digest } | undefined
}

/** An artifact with its tags, labels and references, as lists show it; see features/artifacts/objects.ts. */
export const artifactKey = keyOf('artifact', 'id')
export const artifactByDigestKey = keyOf('artifact', 'repository', 'digest')
/** The accessories of a subject, which need not exist yet. */
export const accessoryKey = keyOf('accessory', 'repository_id', 'subject')

/** What the pull gate knows of an image: see features/scanning/gate/store.ts. */
export const imageFindingsKey = keyOf('image_findings', 'artifact_id')

/** Which artifacts a repository lists, and how many; see features/artifacts/pages.ts and repositories/store.ts. */
export const artifactListKey = keyOf('artifact_list', 'repository_id')
export const artifactCountKey = keyOf('artifact_count', 'repository_id')

/** Says that the transaction changes which artifacts the repository lists. */
export const changesList = (tx: Tx, repositoryId: number) =>
  tx.changes(artifactListKey(repositoryId), artifactCountKey(repositoryId))

/** The artifact's id. Its row stays locked until the transaction ends, so that no tag can be added meanwhile. */
export async function lockArtifact(tx: Tx, repositoryId: number, digest: Digest): Promise<number | undefined> {
  const row = await tx.row<{ id: number }>(
    sql`select id from artifact where repository_id = ${repositoryId} and digest = ${digest} for update`,
  )
  return row?.id
}

/**
 * Removes artifacts, which may reference each other, with their bytes, their references and the holds on blobs that
 * only they needed. Throws a foreign key violation while a tag or another index names one of them.
 */
export async function dropArtifacts(
  tx: Tx,
  repository: { id: number; projectId: number; name: string },
  artifacts: { id: number; digest: Digest }[],
): Promise<void> {
  const ids = artifacts.map(({ id }) => id)
  changesList(tx, repository.id)
  tx.changes(repositoryCountKey(repository.projectId))
  for (const { id, digest } of artifacts)
    tx.changes(
      manifestKey(repository.name, digest),
      artifactKey(id),
      artifactByDigestKey(repository.name, digest),
      imageFindingsKey(id),
    )
  const subjects = await tx.rows<{ digest: Digest }>(
    sql`delete from accessory where artifact_id = any(${ids}::bigint[]) returning subject_digest as digest`,
  )
  tx.changes(...subjects.map(({ digest }) => accessoryKey(repository.id, digest)))
  const held = await tx.rows<{ id: number }>(
    sql`select distinct blob_id as id from artifact_blob where artifact_id = any(${ids}::bigint[])`,
  )
  await tx.run(sql`delete from artifact_child where parent_id = any(${ids}::bigint[])`)
  await tx.run(sql`delete from artifact where id = any(${ids}::bigint[])`)
  await releaseBlobs(
    tx,
    repository,
    held.map(({ id }) => id),
  )
}

/** One entry of the referrers list. `size` is that of the manifest, in bytes. */
type Referrer = {
  mediaType: string
  digest: Digest
  size: number
  artifactType: string | null
  annotations: Record<string, string>
}

/**
 * Artifacts of the repository whose subject is `subject`, by digest, after the cursor `last`: one scan of an index
 * range.
 */
export function listReferrers(
  db: Queryable,
  repository: RepositoryName,
  subject: Digest,
  page: { artifactType?: string; last: string; limit: number },
): Promise<Referrer[]> {
  const ofType = page.artifactType === undefined ? sql`true` : sql`artifact.artifact_type = ${page.artifactType}`
  return db.rows<Referrer>(sql`
    select artifact.media_type as "mediaType", artifact.digest, octet_length(manifest.content) as size,
      artifact.artifact_type as "artifactType", artifact.annotations
    from artifact join manifest on manifest.artifact_id = artifact.id
    where artifact.repository_id = (select id from repository where name = ${repository})
      and artifact.subject_digest = ${subject} and artifact.digest > ${page.last} and ${ofType}
    order by artifact.digest limit ${page.limit}`)
}
