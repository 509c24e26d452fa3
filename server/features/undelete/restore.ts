import { OciError } from '../../../oci/errors.ts'
import { parseManifest } from '../../../oci/manifest.ts'
import type { Digest } from '../../../oci/digest.ts'
import { artifactKey, lockArtifact } from '../../catalog/artifact.ts'
import type { Project } from '../../catalog/project.ts'
import { ensureRepository, repositoryIdKey, type Repository } from '../../catalog/repository.ts'
import { addTag } from '../../catalog/tag.ts'
import { facts as nouns, type Actor } from '../../catalog/topics.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { passGates, type PushGates } from '../../registry/gate.ts'
import { lookingAgain } from '../../registry/local/looking.ts'
import { storeManifest } from '../../registry/local/store-manifests.ts'
import { dropTrash, listArtifacts, lockTrash, type Trash, type TrashedArtifact } from './store.ts'
import { facts } from './topics.ts'

/** Manifests read in one batch: each has up to 4 MiB. */
const page = 20

type At = { project: Project; repository: Repository }

/**
 * Restores a deletion, all or nothing, through the gates of a push and against the project's quota. Throws NOT_FOUND
 * when the deletion is unknown or too old; CONFLICT when the name is taken again; PRECONDITION for a tag whose
 * artifact, or an index whose part, is deleted as well.
 */
export async function restoreTrash(
  db: Db,
  gates: PushGates,
  by: Actor,
  project: Project,
  trashId: number,
  keepMs: number,
): Promise<Trash> {
  return lookingAgain(() =>
    db.transaction(async (tx) => {
      const trash = await lockTrash(tx, project.id, trashId, keepMs)
      if (!trash) throw new Failure('NOT_FOUND', `there is nothing to restore under ${trashId}`)
      const { kind, repository: name, digest, tags } = trash
      if (kind === 'repository' && (await findIt(tx, name)))
        throw new Failure('CONFLICT', `a repository ${name} exists again`)
      if (kind === 'tag') await restoreTag(tx, gates, by, project, trash)
      else
        await restoreArtifacts(
          tx,
          gates,
          by,
          { project, repository: await ensureRepository(tx, project, name, by) },
          trash,
        )
      await dropTrash(tx, trash.id)
      await emit(tx, [facts.trashRestored({ projectId: project.id, repository: name, kind, digest, tags }, by)])
      return trash
    }),
  )
}

const findIt = (tx: Tx, name: string) =>
  tx.row<Repository>(sql`select id, project_id as "projectId", name from repository where name = ${name}`)

async function restoreTag(tx: Tx, gates: PushGates, by: Actor, project: Project, trash: Trash): Promise<void> {
  const { repository: name, tag, digest } = trash
  const gone = () => new Failure('PRECONDITION', `${digest} was deleted as well: restore the artifact first`)
  const repository = await findIt(tx, name)
  const id = repository && (await lockArtifact(tx, repository.id, digest!))
  if (!repository || id === undefined) throw gone()
  const stored = await tx.row<{ content: Buffer; mediaType: string; size: number }>(sql`
    select manifest.content, artifact.media_type as "mediaType", artifact.size
    from artifact join manifest on manifest.artifact_id = artifact.id
    where artifact.id = ${id}`)
  const manifest = parseManifest(stored!.content, stored!.mediaType)
  await passGates(gates, tx, {
    kind: 'manifest',
    project,
    repository: name,
    digest: digest!,
    manifest,
    size: stored!.size,
    tags: [tag!],
    by,
  })
  if (!(await addTag(tx, repository, id, tag!))) throw tagTaken(name, tag!)
  await tx.run(sql`
    update tag set pushed_at = (state ->> 'pushed_at')::timestamptz, pulled_at = (state ->> 'pulled_at')::timestamptz,
      pull_count = (state ->> 'pull_count')::bigint
    from (select tag_state as state from trash where id = ${trash.id} and tag_state is not null) kept
    where repository_id = ${repository.id} and name = ${tag}`)
  await emit(tx, [nouns.tagCreated({ projectId: project.id, repository: name, tag: tag!, digest: digest! }, by)])
}

async function restoreArtifacts(tx: Tx, gates: PushGates, by: Actor, at: At, trash: Trash): Promise<void> {
  const { repository } = at
  await refuseTaken(tx, repository, trash)
  tx.changes(repositoryIdKey(repository.id))
  if (trash.description)
    await tx.run(sql`update repository set description = ${trash.description} where id = ${repository.id}`)
  if (trash.kind === 'repository') await restoreRepositoryFacts(tx, repository.id, trash.id)
  await tx.run(sql`
    insert into repository_blob (repository_id, blob_id)
    select ${repository.id}, blob_id from trash_blob where trash_id = ${trash.id} order by blob_id
    on conflict do nothing`)
  for (let after = { depth: -1, digest: '' }; ;) {
    const artifacts = await listArtifacts(tx, trash.id, after, page)
    for (const one of artifacts) await restoreOne(tx, gates, by, at, one)
    if (artifacts.length < page) return
    after = artifacts.at(-1)!
  }
}

/** Count and time of its pulls, and when it was created; deletions by an older Marina do not have them. */
async function restoreRepositoryFacts(tx: Tx, repositoryId: number, trashId: number): Promise<void> {
  await tx.run(sql`
    update repository
    set pull_count = repository.pull_count + kept.pull_count, pulled_at = kept.pulled_at, created_at = kept.created_at
    from trash, jsonb_to_record(trash.repository_facts)
      as kept (pull_count bigint, pulled_at timestamptz, created_at timestamptz)
    where trash.id = ${trashId} and trash.repository_facts is not null and repository.id = ${repositoryId}`)
}

const tagTaken = (name: string, tag: string) => new Failure('CONFLICT', `the tag ${tag} exists again in ${name}`)

/** Throws CONFLICT when the artifact or one of the tags exists again. Parts that were pushed again are no conflict. */
async function refuseTaken(tx: Tx, { id, name }: Repository, trash: Trash): Promise<void> {
  if (trash.digest !== null && (await lockArtifact(tx, id, trash.digest)) !== undefined)
    throw new Failure('CONFLICT', `${trash.digest} exists again in ${name}`)
  const taken = await tx.row<{ name: string }>(sql`
    select tag.name from tag
    where repository_id = ${id} and name in (
      select one->>'name' from trash_artifact, jsonb_array_elements(trash_artifact.tags) one
      where trash_id = ${trash.id})
    order by name limit 1`)
  if (taken) throw tagTaken(name, taken.name)
}

/**
 * Stores one artifact as a push would, then restores its times and labels. The caller has restored the holds on blobs.
 */
async function restoreOne(tx: Tx, gates: PushGates, by: Actor, at: At, one: TrashedArtifact): Promise<void> {
  const { digest, content, mediaType, tags, description } = one
  const { icon, accessory, ...rest } = description
  const names = tags.map(({ name }) => name)
  const kept = { ...rest, icon: icon ?? undefined, accessory: accessory ?? undefined }
  const store = () =>
    storeManifest(tx, gates, at, by, {
      digest,
      manifest: parseManifest(content, mediaType),
      content,
      tags: names,
      description: kept,
    })
  const moved = await store().catch((error: unknown) => {
    throw isLacking(error) ? lacking(digest, error) : error
  })
  // A tag was set by a push after the check.
  const taken = moved.find(({ from }) => from !== null)
  if (taken) throw tagTaken(at.repository.name, taken.name)
  await restoreTimes(tx, at.repository.id, digest, one)
}

const isLacking = (error: unknown): error is OciError =>
  error instanceof OciError && error.code === 'MANIFEST_BLOB_UNKNOWN'

/** Blobs are held by the trash, so that only a part can be missing: one with a later deletion of its own. */
function lacking(digest: Digest, error: OciError): Failure {
  const [part, ...more] = (error.detail as { digest: Digest }[]).map((one) => one.digest)
  const others = more.length > 0 ? ` and ${more.length} more` : ''
  return new Failure(
    'PRECONDITION',
    `${digest} needs ${part}${others}, deleted as well: restore that first, or push it again`,
    { cause: error },
  )
}

async function restoreTimes(
  tx: Tx,
  repositoryId: number,
  digest: Digest,
  { tags, labels, pullCount, pushedAt, pulledAt }: TrashedArtifact,
): Promise<void> {
  const row = await tx.row<{ id: number }>(sql`
    update artifact
    set pull_count = pull_count + ${pullCount}, pushed_at = ${pushedAt}::timestamptz,
      pulled_at = coalesce(pulled_at, ${pulledAt}::timestamptz)
    where repository_id = ${repositoryId} and digest = ${digest} returning id`)
  // An artifact that was pushed again meanwhile may be cached with the old values.
  tx.changes(artifactKey(row!.id))
  await tx.run(sql`
    update tag set pushed_at = kept.pushed_at, pulled_at = kept.pulled_at, pull_count = kept.pull_count
    from jsonb_to_recordset(${JSON.stringify(tags)}::jsonb)
      as kept (name text, pushed_at timestamptz, pulled_at timestamptz, pull_count bigint)
    where tag.repository_id = ${repositoryId} and tag.name = kept.name`)
  await tx.run(sql`
    insert into artifact_label (artifact_id, label_id)
    select ${row!.id}, label.id from label where label.id = any(${labels}::bigint[])
    on conflict do nothing`)
}
