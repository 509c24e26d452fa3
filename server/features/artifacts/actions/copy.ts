import type { Digest } from '../../../../oci/digest.ts'
import { parseManifest } from '../../../../oci/manifest.ts'
import type { RepositoryName, Tag } from '../../../../oci/reference.ts'
import type { Project } from '../../../catalog/project.ts'
import { ensureRepository, type Repository } from '../../../catalog/repository.ts'
import type { Actor } from '../../../catalog/topics.ts'
import { isReferenceViolation, type Db, type Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { emit } from '../../../platform/events/emit.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { passGates, type PushGates } from '../../../registry/gate.ts'
import { storeManifest } from '../../../registry/local/store-manifests.ts'
import { facts } from '../topics.ts'

/** The most manifests that one copy takes along: an index, its parts, and their accessories. */
const treeLimit = 1000

type Source = {
  repository: Repository
  digest: Digest
  /** The one tag to copy; undefined copies all tags of the artifact. */
  tag: Tag | undefined
}
type Target = { project: Project; name: RepositoryName }

/**
 * Copies an artifact with its parts and accessories into another repository, in one transaction and through the same
 * gates as a push. Blobs are linked: no bytes are copied. An artifact that is there already gets the tags, and the
 * accessories that it lacks, as in Harbor since 2.15.
 */
export async function copyArtifact(db: Db, gates: PushGates, by: Actor, source: Source, target: Target): Promise<void> {
  const copy = () => db.transaction((tx) => copyTree(tx, gates, by, source, target))
  // Something that the copy needs was deleted meanwhile: the retry finds out what and names it.
  await copy().catch((error: unknown) => (isReferenceViolation(error) ? copy() : Promise.reject(error)))
}

async function copyTree(tx: Tx, gates: PushGates, by: Actor, source: Source, { project, name }: Target): Promise<void> {
  const tree = await listTree(tx, source)
  if (tree.length === 0) throw new Failure('NOT_FOUND', 'the artifact to copy does not exist')
  if (tree.find(({ digest }) => digest === source.digest)!.hasSubject)
    throw new Failure('DENIED', 'an accessory cannot be copied by itself: copy the artifact that it belongs to')
  if (tree.length > treeLimit)
    throw new Failure('PRECONDITION', `the artifact has more than ${treeLimit} manifests: copy them with a client`)
  const repository = await ensureRepository(tx, project, name, by)
  const present = await listPresent(
    tx,
    repository.id,
    tree.map(({ digest }) => digest),
  )
  const missing = tree.filter(({ digest }) => digest === source.digest || !present.has(digest))
  await linkBlobs(
    tx,
    gates,
    missing.map(({ id }) => id),
    { project, repository },
  )
  for (const { id, tags } of missing) await copyOne(tx, gates, by, id, tags, { project, repository })
  const copied = tree.find(({ digest }) => digest === source.digest)!
  await emit(tx, [
    facts.artifactCopied(
      {
        projectId: project.id,
        repository: name,
        digest: source.digest,
        from: source.repository.name,
        tags: copied.tags,
      },
      by,
    ),
  ])
}

/** `hasSubject`: it is an accessory of an artifact that exists. */
type Part = { id: number; digest: Digest; tags: Tag[]; hasSubject: boolean }

/** Lists parts before the indexes that name them. Only the artifact itself and accessories keep their tags. */
async function listTree(tx: Tx, { repository, digest, tag }: Source): Promise<Part[]> {
  const rows = await tx.rows<Part & { isAccessory: boolean }>(sql`
    with recursive tree (id, digest, depth) as (
      select id, digest, depth from artifact where repository_id = ${repository.id} and digest = ${digest}
      union
      select found.id, found.digest, found.depth from tree, lateral (
        select child.id, child.digest, child.depth
        from artifact_child join artifact child on child.id = artifact_child.child_id
        where artifact_child.parent_id = tree.id
        union all
        select held.id, held.digest, held.depth from accessory join artifact held on held.id = accessory.artifact_id
        where accessory.repository_id = ${repository.id} and accessory.subject_digest = tree.digest) found)
    select tree.id, tree.digest,
      exists (select 1 from accessory where accessory.artifact_id = tree.id) as "isAccessory",
      exists (
        select 1 from accessory join artifact subject
          on subject.repository_id = accessory.repository_id and subject.digest = accessory.subject_digest
        where accessory.artifact_id = tree.id) as "hasSubject",
      array(select name::text from tag where tag.artifact_id = tree.id order by name) as tags
    from tree order by depth, id limit ${treeLimit + 1}`)
  return rows.map((row) => {
    const isRoot = row.digest === digest
    return {
      id: row.id,
      digest: row.digest,
      hasSubject: row.hasSubject,
      tags: isRoot && tag !== undefined ? [tag] : isRoot || row.isAccessory ? row.tags : [],
    }
  })
}

async function listPresent(tx: Tx, repositoryId: number, digests: Digest[]): Promise<Set<Digest>> {
  const rows = await tx.rows<{ digest: Digest }>(
    sql`select digest from artifact where repository_id = ${repositoryId} and digest = any(${digests}::text[])`,
  )
  return new Set(rows.map(({ digest }) => digest))
}

type At = { project: Project; repository: Repository }

/** Links the blobs that the target lacks, through the gates of a push. A foreign key refuses one deleted meanwhile. */
async function linkBlobs(tx: Tx, gates: PushGates, artifactIds: number[], { project, repository }: At): Promise<void> {
  const blobs = await tx.rows<{ id: number; digest: Digest; size: number }>(sql`
    select blob.id, blob.digest, blob.size from blob
    where blob.id in (select blob_id from artifact_blob where artifact_id = any(${artifactIds}::bigint[]))
      and not exists (
        select 1 from repository_blob
        where repository_blob.repository_id = ${repository.id} and repository_blob.blob_id = blob.id)
    order by blob.id`)
  for (const { digest, size } of blobs)
    await passGates(gates, tx, { kind: 'blob', project, repository: repository.name, digest, size })
  await tx.run(sql`
    insert into repository_blob (repository_id, blob_id)
    select ${repository.id}, id from unnest(${blobs.map(({ id }) => id)}::bigint[]) as id order by id
    on conflict do nothing`)
}

type Stored = {
  digest: Digest
  mediaType: string
  content: Buffer
  type: string
  extraAttrs: Record<string, unknown>
  icon: Digest | null
  accessoryType: string | null
  subject: Digest | null
}

async function copyOne(tx: Tx, gates: PushGates, by: Actor, id: number, tags: Tag[], at: At): Promise<void> {
  const row = await tx.row<Stored>(sql`
    select artifact.digest, artifact.media_type as "mediaType", manifest.content, artifact.type,
      artifact.extra_attrs as "extraAttrs", artifact.icon_digest as icon,
      accessory.type as "accessoryType", accessory.subject_digest as subject
    from artifact join manifest on manifest.artifact_id = artifact.id
    left join accessory on accessory.artifact_id = artifact.id
    where artifact.id = ${id} for key share of artifact`)
  if (!row) throw new Failure('NOT_FOUND', 'a part of the artifact was deleted meanwhile')
  const { digest, content, type, extraAttrs, icon, accessoryType, subject } = row
  const accessory = accessoryType === null || subject === null ? undefined : { type: accessoryType, subject }
  await storeManifest(tx, gates, at, by, {
    digest,
    manifest: parseManifest(content, row.mediaType),
    content,
    tags,
    description: { type, extraAttrs, icon: icon ?? undefined, accessory },
  })
}
