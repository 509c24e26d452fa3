import type { Digest } from '../../oci/digest.ts'
import type { Manifest } from '../../oci/manifest.ts'
import type { Tag } from '../../oci/reference.ts'
import { jsonbText } from '../platform/db/json.ts'
import type { Tx } from '../platform/db/db.ts'
import { sql, type Sql } from '../platform/db/sql.ts'
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

/** An artifact to be saved: `held` is the one that the repository has already, `tags` are to name it. */
type ArtifactPush = {
  repository: { id: number; projectId: number }
  artifact: NewArtifact
  held: HeldArtifact | null
  tags: Tag[]
}

/** The saved artifact; `made`: the tags that did not exist before, and name it now. */
type SavedArtifact = { id: number; isNew: boolean; made: Tag[] }

/**
 * Saves artifacts with their bytes, their references and the tags that are new, by one statement for those that are new
 * and one for the others; pushing the same manifest again keeps its row (`isNew: false`). A tag that exists stays as it
 * is (`moveTags`). Throws a foreign key violation when a blob or a child, or for a push by tag the artifact itself, was
 * deleted since it was looked up. No two pushes may name the same tag of a repository.
 */
export async function saveArtifacts(tx: Tx, pushes: ArtifactPush[]): Promise<SavedArtifact[]> {
  const saved = new Map<ArtifactPush, SavedArtifact>()
  const [again, fresh] = [pushes.filter(({ held }) => held), pushes.filter(({ held }) => !held)]
  if (fresh.length > 0) await insertArtifacts(tx, fresh, saved)
  if (again.length > 0) await saveAgain(tx, again, saved)
  for (const push of pushes) {
    const { repository, artifact, held } = push
    const { id, isNew } = saved.get(push)!
    changesList(tx, repository.id)
    // A repository is listed from its first artifact on, so a new artifact may change how many the project has.
    if (isNew) tx.changes(repositoryCountKey(repository.projectId))
    else tx.changes(artifactKey(id), imageFindingsKey(id))
    if (held?.accessory) tx.changes(accessoryKey(repository.id, held.accessory.subject))
    await saveAccessory(tx, repository.id, { id, isNew }, held, artifact.description.accessory)
  }
  return pushes.map((push) => saved.get(push)!)
}

type Saved = Map<ArtifactPush, SavedArtifact>

/** Each artifact once, also when several pushes bring it: the first of them counts as the one that made it. */
async function insertArtifacts(tx: Tx, pushes: ArtifactPush[], saved: Saved): Promise<void> {
  const same = [...Map.groupBy(pushes, ({ repository, artifact }) => `${repository.id} ${artifact.digest}`).values()]
  const { tags, blobs, children, contents } = partsOf(same)
  const rows = await tx.rows<SavedArtifact & { place: number }>(sql`
    with given as (${givenArtifacts(same.map(([first]) => first!))}),
    made as (
      insert into artifact (
        repository_id, digest, media_type, config_media_type, artifact_type, kind, size, depth,
        config_digest, subject_digest, annotations, type, extra_attrs, icon_digest)
      select repository_id, digest, media_type, config_media_type, artifact_type, kind, size, depth,
        config_digest, subject_digest, annotations::jsonb, type, extra_attrs::jsonb, icon_digest
      from given order by repository_id, digest collate "C"
      on conflict (repository_id, digest) do update
        set pushed_at = now(), type = excluded.type, extra_attrs = excluded.extra_attrs,
          icon_digest = excluded.icon_digest, config_media_type = excluded.config_media_type
      returning id, repository_id, digest, (xmax = 0) as is_new),
    saved as (
      select place, made.id, made.repository_id, is_new, start, length
      from made join given using (repository_id, digest)),
    content as (
      insert into manifest (artifact_id, content)
      select id, substring(${contents}::bytea from start for length) from saved
      order by id on conflict do nothing),
    blobs as (
      insert into artifact_blob (artifact_id, repository_id, blob_id)
      select saved.id, repository_id, one.id
      from unnest(${blobs.map(({ place }) => place)}::int[], ${blobs.map(({ id }) => id)}::bigint[])
        as one (place, id) join saved using (place) order by one.id on conflict do nothing),
    children as (
      insert into artifact_child (parent_id, repository_id, child_id, platform, annotations, position)
      select saved.id, repository_id, one.id, platform::jsonb, annotations::jsonb, position + 1
      from unnest(
        ${children.map(({ place }) => place)}::int[],
        ${children.map(({ id }) => id)}::bigint[],
        ${children.map(({ platform }) => jsonOf(platform))}::text[],
        ${children.map(({ annotations }) => jsonOf(annotations))}::text[],
        ${children.map(({ position }) => position)}::int[])
        as one (place, id, platform, annotations, position) join saved using (place)
      order by place, position on conflict do nothing),
    tags as (
      insert into tag (repository_id, artifact_id, name)
      select distinct repository_id, saved.id, name collate "C" as name
      from unnest(${tags.map(({ place }) => place)}::int[], ${tags.map(({ name }) => name)}::text[])
        as one (place, name) join saved using (place)
      order by repository_id, name on conflict (repository_id, name) do nothing returning artifact_id, name)
    select place, id, is_new as "isNew", array(select name::text from tags where artifact_id = id) as made from saved`)
  for (const { place, id, isNew, made } of rows)
    for (const [index, push] of same[place]!.entries())
      saved.set(push, { id, isNew: isNew && index === 0, made: made.filter((name) => push.tags.includes(name)) })
}

/** What stands for the artifacts in their statement, each with the place of its artifact. */
function partsOf(same: ArtifactPush[][]) {
  const each = same.map(([first]) => first!.artifact)
  return {
    tags: same.flatMap((group, place) => group.flatMap((one) => one.tags.map((name) => ({ place, name })))),
    blobs: each.flatMap(({ blobIds }, place) => blobIds.map((id) => ({ place, id }))),
    children: each.flatMap((one, place) => one.children.map((child, position) => ({ ...child, place, position }))),
    contents: Buffer.concat(each.map(({ content }) => content)),
  }
}

/** The rows of new artifacts; `start` and `length`: where the bytes of each stand among those of all. */
function givenArtifacts(pushes: ArtifactPush[]): Sql {
  const each = pushes.map(({ artifact }) => artifact)
  let end = 1
  const starts = each.map(({ content }) => (end += content.length) - content.length)
  return sql`
    select * from unnest(
      ${each.map((_, place) => place)}::int[],
      ${pushes.map(({ repository }) => repository.id)}::bigint[],
      ${each.map(({ digest }) => digest)}::text[],
      ${each.map(({ manifest }) => manifest.mediaType)}::text[],
      ${each.map(({ manifest }) => manifest.config?.mediaType)}::text[],
      ${each.map(({ manifest }) => manifest.artifactType)}::text[],
      ${each.map(({ manifest }) => manifest.kind)}::text[],
      ${each.map(({ size }) => size)}::bigint[],
      ${each.map(({ depth }) => depth)}::int[],
      ${each.map(({ manifest }) => manifest.config?.digest)}::text[],
      ${each.map(({ manifest }) => manifest.subject?.digest)}::text[],
      ${each.map(({ manifest }) => jsonbText(manifest.annotations))}::text[],
      ${each.map(({ description }) => description.type)}::text[],
      ${each.map(({ description }) => jsonbText(description.extraAttrs))}::text[],
      ${each.map(({ description }) => description.icon)}::text[],
      ${starts}::int[],
      ${each.map(({ content }) => content.length)}::int[])
      as one (place, repository_id, digest, media_type, config_media_type, artifact_type, kind, size, depth,
        config_digest, subject_digest, annotations, type, extra_attrs, icon_digest, start, length)`
}

/**
 * Notes that artifacts were pushed again, and creates the new tags. Waits for no other push of the same manifest: one
 * that has the row locked at this moment notes the same time, so this one leaves it out. The foreign key of the tag is
 * what keeps the artifact from being deleted.
 */
async function saveAgain(tx: Tx, pushes: ArtifactPush[], saved: Saved): Promise<void> {
  const each = [...new Map(pushes.map((one) => [one.held!.id, one])).values()]
  const tags = pushes.flatMap(({ repository, held, tags: names }) =>
    names.map((name) => ({ repositoryId: repository.id, id: held!.id, name })),
  )
  const rows = await tx.rows<{ id: number; name: Tag }>(sql`
    with free as (
      select id from artifact where id = any(${each.map(({ held }) => held!.id)}::bigint[])
      order by id for no key update skip locked),
    noted as (
      update artifact
      set pushed_at = now(), type = one.type, extra_attrs = one.extra_attrs::jsonb,
        icon_digest = one.icon_digest, config_media_type = one.config_media_type
      from free join unnest(
        ${each.map(({ held }) => held!.id)}::bigint[],
        ${each.map(({ artifact }) => artifact.description.type)}::text[],
        ${each.map(({ artifact }) => jsonbText(artifact.description.extraAttrs))}::text[],
        ${each.map(({ artifact }) => artifact.description.icon)}::text[],
        ${each.map(({ artifact }) => artifact.manifest.config?.mediaType)}::text[])
        as one (id, type, extra_attrs, icon_digest, config_media_type) using (id)
      where artifact.id = free.id),
    tags as (
      insert into tag (repository_id, artifact_id, name)
      select distinct repository_id, id, name collate "C" as name
      from unnest(
        ${tags.map(({ repositoryId }) => repositoryId)}::bigint[],
        ${tags.map(({ id }) => id)}::bigint[],
        ${tags.map(({ name }) => name)}::text[]) as one (repository_id, id, name)
      order by repository_id, name
      on conflict (repository_id, name) do nothing returning artifact_id, name)
    select artifact_id as id, name::text from tags`)
  const made = Map.groupBy(rows, ({ id }) => id)
  for (const push of pushes) {
    const names = (made.get(push.held!.id) ?? []).map(({ name }) => name)
    saved.set(push, { id: push.held!.id, isNew: false, made: names.filter((name) => push.tags.includes(name)) })
  }
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
  { id, isNew }: Pick<SavedArtifact, 'id' | 'isNew'>,
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
