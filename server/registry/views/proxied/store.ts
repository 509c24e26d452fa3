import type { Digest } from '../../../../oci/digest.ts'
import { neededBlobs, type Descriptor, type Manifest } from '../../../../oci/manifest.ts'
import { isManifestType } from '../../../../oci/media-type.ts'
import type { RepositoryName, Tag } from '../../../../oci/reference.ts'
import { artifactKey } from '../../../catalog/artifact.ts'
import type { Reader } from '../../../catalog/reader.ts'
import { keyOf } from '../../../platform/cache/keys.ts'
import type { Db, Queryable, Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import type { Maybe } from '../../../platform/maybe.ts'
import type { ManifestRead, ManifestStat } from '../../registry.ts'

/** What a tag of the upstream named when it was asked last; times in ms since 1970. */
export type KnownTag = ManifestStat & { checkedAt: number; goneAt: number | null }

const tagKey = keyOf('proxied_tag', 'repository', 'name')
const manifestKey = keyOf('proxied_manifest', 'repository', 'digest')

/** From the cache; `checkedAt` may be older than in the database, never newer. */
export function findKnownTag({ db, cache }: Reader, name: RepositoryName, tag: Tag): Maybe<KnownTag | undefined> {
  return cache.get(tagKey(name, tag), () =>
    db.row<KnownTag>(sql`
      select digest, media_type as "mediaType", size,
        (extract(epoch from checked_at) * 1000)::float8 as "checkedAt",
        (extract(epoch from gone_at) * 1000)::float8 as "goneAt"
      from proxied_tag where repository = ${name} and name = ${tag}`),
  )
}

/** A manifest of the upstream that is no artifact yet, as its blobs are not here. From the cache. */
export function findWaiting({ db, cache }: Reader, name: RepositoryName, digest: Digest) {
  const load = () =>
    db.row<ManifestRead>(sql`
      select digest, media_type as "mediaType", content from proxied_manifest
      where repository = ${name} and digest = ${digest} and content is not null`)
  return cache.get(manifestKey(name, digest), load, ({ content }) => content.length * 2 + 1000)
}

/** Notes what a tag names, as the upstream has just said. */
export function saveTag(
  tx: Tx,
  projectId: number,
  name: RepositoryName,
  tag: Tag,
  stat: ManifestStat,
): Promise<number> {
  tx.changes(tagKey(name, tag))
  return tx.run(sql`
    insert into proxied_tag (project_id, repository, name, digest, media_type, size)
    values (${projectId}, ${name}, ${tag}, ${stat.digest}, ${stat.mediaType}, ${stat.size})
    on conflict (repository, name) do update set digest = excluded.digest, media_type = excluded.media_type,
      size = excluded.size, checked_at = now(), gone_at = null`)
}

/**
 * Notes that the upstream has confirmed a tag. Other processes may see the old time, and ask once more themselves: this
 * is no change that they must hear of.
 */
export async function noteChecked(db: Db, name: RepositoryName, tag: Tag): Promise<void> {
  await db.relaxed.run(sql`
    update proxied_tag set checked_at = now() where repository = ${name} and name = ${tag} and gone_at is null`)
}

/** Notes that the upstream says it has no such tag (any more). */
export async function noteGone(db: Db, name: RepositoryName, tag: Tag): Promise<void> {
  await db.transaction(async (tx) => {
    tx.changes(tagKey(name, tag))
    await tx.run(sql`
      update proxied_tag set checked_at = now(), gone_at = coalesce(gone_at, now())
      where repository = ${name} and name = ${tag}`)
  })
}

/** Forgets tags; those of a repository, or one of them. Returns how many. */
export async function forgetTags(tx: Tx, projectId: number, name: RepositoryName | undefined, tag?: Tag) {
  const gone = await tx.rows<{ repository: RepositoryName; name: Tag }>(sql`
    delete from proxied_tag
    where project_id = ${projectId} and (${name ?? null}::text is null or repository = ${name ?? null}::text)
      and (${tag ?? null}::text is null or name = ${tag ?? null}::text)
    returning repository, name`)
  tx.changes(...gone.map((one) => tagKey(one.repository, one.name)))
  return gone.length
}

/** Makes the upstream be asked at the next pull of these tags, or of all of the project. Returns how many. */
export async function expireTags(tx: Tx, projectId: number, name: RepositoryName | undefined, tag?: Tag) {
  const old = await tx.rows<{ repository: RepositoryName; name: Tag }>(sql`
    update proxied_tag set checked_at = 'epoch'
    where project_id = ${projectId} and (${name ?? null}::text is null or repository = ${name ?? null}::text)
      and (${tag ?? null}::text is null or name = ${tag ?? null}::text)
    returning repository, name`)
  tx.changes(...old.map((one) => tagKey(one.repository, one.name)))
  return old.length
}

/** Keeps a manifest of the upstream and what it names, so that its blobs and children can be fetched. */
export async function saveManifest(
  tx: Tx,
  projectId: number,
  name: RepositoryName,
  read: ManifestRead,
  manifest: Manifest | undefined,
): Promise<void> {
  tx.changes(manifestKey(name, read.digest))
  const row = await tx.row<{ id: number }>(sql`
    insert into proxied_manifest as kept (project_id, repository, digest, media_type, content)
    values (${projectId}, ${name}, ${read.digest}, ${read.mediaType}, ${read.content})
    on conflict (repository, digest) do update set content = excluded.content, fetched_at = now()
    returning id`)
  const parts = manifest ? partsOf(manifest) : []
  await tx.run(sql`
    insert into proxied_part (manifest_id, digest, size, kind)
    select ${row!.id}, * from unnest(
      ${parts.map(({ digest }) => digest)}::text[], ${parts.map(({ size }) => size)}::bigint[],
      ${parts.map(({ kind }) => kind)}::text[]) as part
    on conflict do nothing`)
}

type Part = { digest: Digest; size: number; kind: 'config' | 'layer' | 'manifest' }

/** Foreign layers, which clients fetch from their own URLs, are left out. */
function partsOf(manifest: Manifest): Part[] {
  const { config, children } = manifest
  const all: Part[] = [
    ...neededBlobs(manifest).map((one) => partOf(one, one.digest === config?.digest ? 'config' : 'layer')),
    ...children.map((one) => partOf(one, isManifestType(one.mediaType) ? 'manifest' : 'layer')),
  ]
  // An index may name a child for several platforms.
  return [...new Map(all.map((one) => [one.digest, one])).values()].toSorted((a, b) => (a.digest < b.digest ? -1 : 1))
}

const partOf = ({ digest, size }: Descriptor, kind: Part['kind']): Part => ({ digest, size, kind })

/** How long a blob is, in bytes, by a manifest of the repository that names it. */
export async function findPartSize(db: Queryable, name: RepositoryName, digest: Digest): Promise<number | undefined> {
  const row = await db.row<{ size: number }>(sql`
    select part.size from proxied_part part join proxied_manifest named on named.id = part.manifest_id
    where part.digest = ${digest} and part.kind <> 'manifest' and named.repository = ${name} limit 1`)
  return row?.size
}

/** The manifests of the repository that are no artifacts yet and name this digest. */
export function listWaitingFor(db: Queryable, name: RepositoryName, part: Digest): Promise<{ digest: Digest }[]> {
  return db.rows(sql`
    select named.digest from proxied_part part join proxied_manifest named on named.id = part.manifest_id
    where part.digest = ${part} and named.repository = ${name}
      and (named.content is not null or part.kind = 'manifest')
    order by named.digest limit 100`)
}

/** The blobs that the repository lacks of the images that wait and name `layer` as a layer; configs first. */
export function listMissing(
  db: Queryable,
  name: RepositoryName,
  layer: Digest,
): Promise<{ digest: Digest; size: number }[]> {
  return db.rows(sql`
    select distinct on (part.kind, part.digest) part.digest, part.size
    from proxied_manifest waiting
      join proxied_part part on part.manifest_id = waiting.id and part.kind <> 'manifest'
    where waiting.repository = ${name} and waiting.content is not null
      and exists (
        select from proxied_part asked
        where asked.manifest_id = waiting.id and asked.digest = ${layer} and asked.kind = 'layer')
      and not ${isHeld(name)}
    order by part.kind, part.digest limit 4200`)
}

const isHeld = (name: RepositoryName) => sql`exists (
  select from blob
    join repository_blob held on held.blob_id = blob.id
    join repository on repository.id = held.repository_id
  where blob.digest = part.digest and repository.name = ${name})`

/** The tags of the upstream that name this manifest. */
export async function listTagsOf(db: Queryable, name: RepositoryName, digest: Digest): Promise<Tag[]> {
  const rows = await db.rows<{ name: Tag }>(sql`
    select name from proxied_tag where repository = ${name} and digest = ${digest} and gone_at is null
    order by name limit 1000`)
  return rows.map((row) => row.name)
}

/**
 * The manifest is an artifact now, which has its bytes. It counts as pulled, as it was fetched for a pull that may have
 * been counted before there was an artifact: retention must not take it for one that nobody wants.
 */
export async function noteStored(db: Db, name: RepositoryName, digest: Digest): Promise<void> {
  await db.transaction(async (tx) => {
    tx.changes(manifestKey(name, digest))
    const stored = await tx.row<{ id: number }>(sql`
      update artifact set pulled_at = coalesce(artifact.pulled_at, now()) from repository
      where repository.name = ${name} and artifact.repository_id = repository.id and artifact.digest = ${digest}
      returning artifact.id`)
    if (stored) {
      tx.changes(artifactKey(stored.id))
      await tx.run(sql`update tag set pulled_at = now() where artifact_id = ${stored.id} and pulled_at is null`)
    }
    await tx.run(sql`
      update proxied_manifest set content = null
      where repository = ${name} and digest = ${digest} and content is not null`)
  })
}

/**
 * A repository of the project that holds the blob, `name` itself if it does: who may read one of them may read all.
 */
export async function findHolder(
  db: Queryable,
  projectId: number,
  digest: Digest,
  name: RepositoryName,
): Promise<RepositoryName | undefined> {
  const row = await db.row<{ name: RepositoryName }>(sql`
    select repository.name from blob
      join repository_blob held on held.blob_id = blob.id
      join repository on repository.id = held.repository_id
    where blob.digest = ${digest} and repository.project_id = ${projectId}
    order by repository.name = ${name} desc limit 1`)
  return row?.name
}

/** Whether the repository has one of these manifests as an artifact. */
export async function hasAny(db: Queryable, name: RepositoryName, digests: Digest[]): Promise<boolean> {
  const row = await db.row<{ found: boolean }>(sql`
    select exists (
      select from artifact join repository on repository.id = artifact.repository_id
      where repository.name = ${name} and artifact.digest = any(${digests}::text[])) as found`)
  return row!.found
}
