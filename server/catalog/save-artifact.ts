import type { Digest } from '../../oci/digest.ts'
import type { Manifest } from '../../oci/manifest.ts'
import type { Tag } from '../../oci/reference.ts'
import { jsonbText } from '../platform/db/json.ts'
import type { Tx } from '../platform/db/db.ts'
import { sql } from '../platform/db/sql.ts'
import { accessoryKey, artifactKey, changesList, imageFindingsKey, type Description } from './artifact.ts'
import type { HeldArtifact } from './held.ts'
import { repositoryCountKey } from './repository.ts'

export type NewArtifact = {
  digest: Digest
  manifest: Manifest
  description: Description
  content: Buffer
  /** Bytes of the manifest and of everything it references. */
  size: number
  depth: number
  blobIds: number[]
  /** In the order of the index, with the platform and the annotations that the index gives them. */
  children: {
    id: number
    platform: Record<string, unknown> | undefined
    annotations: Record<string, string> | undefined
  }[]
}

/** The saved artifact; `made`: the tags that did not exist before, and name it now. */
type SavedArtifact = { id: number; isNew: boolean; made: Tag[] }

/**
 * Saves an artifact with its bytes, its references and the tags that are new; pushing the same manifest again keeps its
 * row (`isNew: false`). A tag that exists stays as it is (`moveTags`). Throws a foreign key violation when a blob or a
 * child, or for a push by tag the artifact itself, was deleted since it was looked up.
 */
export async function saveArtifact(
  tx: Tx,
  repository: { id: number; projectId: number },
  artifact: NewArtifact,
  held: HeldArtifact | null,
  tags: Tag[],
): Promise<SavedArtifact> {
  changesList(tx, repository.id)
  // In the order of their names, so that two pushes cannot deadlock.
  const names = [...new Set(tags)].sort()
  const saved = held
    ? { id: held.id, isNew: false, made: await saveAgain(tx, repository.id, held.id, artifact, names) }
    : await insertArtifact(tx, repository.id, artifact, names)
  // A repository is listed from its first artifact on, so a new artifact may change how many the project has.
  if (saved.isNew) tx.changes(repositoryCountKey(repository.projectId))
  else tx.changes(artifactKey(saved.id), imageFindingsKey(saved.id))
  if (held?.accessory) tx.changes(accessoryKey(repository.id, held.accessory.subject))
  await saveAccessory(tx, repository.id, saved, held, artifact.description.accessory)
  return saved
}

async function insertArtifact(
  tx: Tx,
  repositoryId: number,
  artifact: NewArtifact,
  names: Tag[],
): Promise<SavedArtifact> {
  const { digest, manifest, description, children } = artifact
  const row = await tx.row<SavedArtifact>(sql`
    with saved as (
      insert into artifact (
        repository_id, digest, media_type, config_media_type, artifact_type,
        kind, size, depth,
        config_digest, subject_digest, annotations,
        type, extra_attrs, icon_digest)
      values (
        ${repositoryId}, ${digest}, ${manifest.mediaType}, ${manifest.config?.mediaType}, ${manifest.artifactType},
        ${manifest.kind}, ${artifact.size}, ${artifact.depth},
        ${manifest.config?.digest}, ${manifest.subject?.digest}, ${jsonbText(manifest.annotations)}::jsonb,
        ${description.type}, ${jsonbText(description.extraAttrs)}::jsonb, ${description.icon})
      on conflict (repository_id, digest) do update
        set pushed_at = now(), type = excluded.type, extra_attrs = excluded.extra_attrs,
          icon_digest = excluded.icon_digest, config_media_type = excluded.config_media_type
      returning id, (xmax = 0) as is_new),
    content as (
      insert into manifest (artifact_id, content)
      select id, ${artifact.content}::bytea from saved
      on conflict do nothing),
    blobs as (
      insert into artifact_blob (artifact_id, repository_id, blob_id)
      select saved.id, ${repositoryId}, blob_id
      from saved, unnest(${artifact.blobIds}::bigint[]) as blob_id
      order by blob_id on conflict do nothing),
    children as (
      insert into artifact_child (parent_id, repository_id, child_id, platform, annotations, position)
      select saved.id, ${repositoryId}, child_id, platform::jsonb, annotations::jsonb, position
      from saved, unnest(
        ${children.map(({ id }) => id)}::bigint[],
        ${children.map(({ platform }) => jsonOf(platform))}::text[],
        ${children.map(({ annotations }) => jsonOf(annotations))}::text[])
        with ordinality as child (child_id, platform, annotations, position)
      order by position on conflict do nothing),
    tags as (
      insert into tag (repository_id, artifact_id, name)
      select ${repositoryId}, saved.id, name from saved, unnest(${names}::text[]) as name order by name
      on conflict (repository_id, name) do nothing returning name)
    select id, is_new as "isNew", array(select name::text from tags) as made from saved`)
  return row!
}

/**
 * Notes that the artifact was pushed again, and creates the new tags; returns those. Waits for no other push of the
 * same manifest: one that has the row locked at this moment notes the same time, so this one leaves it out. The foreign
 * key of the tag is what keeps the artifact from being deleted.
 */
async function saveAgain(
  tx: Tx,
  repositoryId: number,
  id: number,
  { manifest, description }: NewArtifact,
  names: Tag[],
): Promise<Tag[]> {
  const row = await tx.row<{ made: Tag[] }>(sql`
    with noted as (
      update artifact
      set pushed_at = now(), type = ${description.type}, extra_attrs = ${jsonbText(description.extraAttrs)}::jsonb,
        icon_digest = ${description.icon}, config_media_type = ${manifest.config?.mediaType}
      where id = (select id from artifact where id = ${id} for no key update skip locked)),
    tags as (
      insert into tag (repository_id, artifact_id, name)
      select ${repositoryId}, ${id}, name from unnest(${names}::text[]) as name order by name
      on conflict (repository_id, name) do nothing returning name)
    select array(select name::text from tags) as made`)
  return row!.made
}

/** Links an index that is saved again to the children that it has by now: some were missing before (`isSparse`). */
export async function replaceChildren(
  tx: Tx,
  repositoryId: number,
  id: number,
  { children, size, depth }: Pick<NewArtifact, 'children' | 'size' | 'depth'>,
): Promise<void> {
  await tx.run(sql`update artifact set size = ${size}, depth = ${depth} where id = ${id}`)
  await tx.run(sql`delete from artifact_child where parent_id = ${id}`)
  await tx.run(sql`
    insert into artifact_child (parent_id, repository_id, child_id, platform, annotations, position)
    select ${id}, ${repositoryId}, child_id, platform::jsonb, annotations::jsonb, position
    from unnest(
      ${children.map((one) => one.id)}::bigint[],
      ${children.map(({ platform }) => jsonOf(platform))}::text[],
      ${children.map(({ annotations }) => jsonOf(annotations))}::text[])
      with ordinality as child (child_id, platform, annotations, position)
    order by position`)
}

/**
 * Saves which subject the artifact belongs to, if any. An artifact that is pushed again may have had another subject,
 * whose accessories change, too.
 */
async function saveAccessory(
  tx: Tx,
  repositoryId: number,
  { id, isNew }: SavedArtifact,
  held: HeldArtifact | null,
  accessory: Description['accessory'],
): Promise<void> {
  if (!accessory) return
  const isSame = held?.accessory?.subject === accessory.subject && held.accessory.type === accessory.type
  if (isSame) return
  const before = isNew
    ? undefined
    : await tx.row<{ subject: Digest }>(
        sql`select subject_digest as subject from accessory where artifact_id = ${id} for update`,
      )
  if (before) tx.changes(accessoryKey(repositoryId, before.subject))
  tx.changes(accessoryKey(repositoryId, accessory.subject))
  await tx.run(sql`
    insert into accessory (artifact_id, repository_id, subject_digest, type)
    values (${id}, ${repositoryId}, ${accessory.subject}, ${accessory.type})
    on conflict (artifact_id) do update set type = excluded.type, subject_digest = excluded.subject_digest`)
}

const jsonOf = (value: unknown) => (value === undefined ? null : jsonbText(value))
