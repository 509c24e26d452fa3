import type { Digest } from '../../oci/digest.ts'
import type { Tag } from '../../oci/reference.ts'
import type { Tx } from '../platform/db/db.ts'
import { jsonbText } from '../platform/db/json.ts'
import { sql } from '../platform/db/sql.ts'
import type { Repository } from './repository.ts'
import type { TagState } from './tag.ts'
import type { Actor } from './topics.ts'

/**
 * Why artifacts are deleted: one was deleted by its digest, or the whole repository was. `runId`: by a run of
 * retention, whose deletions can be restored together. `skipsTrash`: nobody will want it back, as it can be fetched
 * again.
 */
export type Cause = ({ kind: 'artifact'; digest: Digest } | { kind: 'repository' }) & {
  runId?: number
  skipsTrash?: boolean
}

/**
 * Puts artifacts that this transaction is about to delete into the trash, with their bytes and all that is known of
 * them, so that the deletion can be undone (features/undelete). To be called before their tags and labels are deleted.
 */
export async function trashArtifacts(
  tx: Tx,
  { id, projectId, name }: Repository,
  cause: Cause,
  artifactIds: number[],
  by: Actor,
): Promise<void> {
  const digest = cause.kind === 'artifact' ? cause.digest : null
  await tx.run(sql`
    with made as (
      insert into trash (project_id, repository, kind, digest, description, deleted_by, run_id, repository_facts)
      select ${projectId}, ${name}, ${cause.kind}, ${digest}, description, ${jsonbText(by)}::jsonb,
        ${cause.runId ?? null}::bigint,
        case when ${cause.kind === 'repository'} then jsonb_build_object(
          'pull_count', pull_count, 'pulled_at', pulled_at, 'created_at', created_at) end
      from repository where id = ${id}
      returning id, deleted_at),
    kept as (
      insert into trash_artifact (
        trash_id, digest, media_type, content, size, depth,
        tags,
        labels,
        description,
        pull_count, pushed_at, pulled_at)
      select made.id, artifact.digest, artifact.media_type, manifest.content, artifact.size, artifact.depth,
        coalesce((
          select jsonb_agg(
            jsonb_build_object(
              'name', tag.name, 'pushed_at', tag.pushed_at, 'pulled_at', tag.pulled_at, 'pull_count', tag.pull_count)
            order by tag.name)
          from tag where tag.artifact_id = artifact.id), '[]'),
        array(select label_id from artifact_label where artifact_label.artifact_id = artifact.id order by label_id),
        jsonb_build_object('type', artifact.type, 'extraAttrs', artifact.extra_attrs, 'icon', artifact.icon_digest,
          'accessory', (
            select jsonb_build_object('type', accessory.type, 'subject', accessory.subject_digest)
            from accessory where accessory.artifact_id = artifact.id)),
        artifact.pull_count, artifact.pushed_at, artifact.pulled_at
      from made, artifact join manifest on manifest.artifact_id = artifact.id
      where artifact.id = any(${artifactIds}::bigint[]))
    insert into trash_blob (trash_id, blob_id, deleted_at)
    select distinct made.id, artifact_blob.blob_id, made.deleted_at
    from made, artifact_blob where artifact_blob.artifact_id = any(${artifactIds}::bigint[])`)
}

/** Puts a tag that is about to be deleted into the trash. Its artifact stays. */
export async function trashTag(
  tx: Tx,
  { projectId, name }: Repository,
  tag: Tag,
  { digest, state }: { digest: Digest; state: TagState },
  by: Actor,
  runId?: number,
): Promise<void> {
  await tx.run(sql`
    insert into trash (project_id, repository, kind, digest, tag, tag_state, deleted_by, run_id)
    values (
      ${projectId}, ${name}, 'tag', ${digest}, ${tag}, ${jsonbText(state)}::jsonb,
      ${jsonbText(by)}::jsonb, ${runId ?? null}::bigint)`)
}
