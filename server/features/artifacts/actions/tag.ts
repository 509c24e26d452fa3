import { parseManifest } from '../../../../oci/manifest.ts'
import type { Tag } from '../../../../oci/reference.ts'
import { lockArtifact } from '../../../catalog/artifact.ts'
import type { Project } from '../../../catalog/project.ts'
import type { Repository } from '../../../catalog/repository.ts'
import { addTag } from '../../../catalog/tag.ts'
import { facts, type Actor } from '../../../catalog/topics.ts'
import type { Db } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { emit } from '../../../platform/events/emit.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { passGates, type Gates } from '../../../registry/gate.ts'
import { removeTag } from '../../../registry/local/remove.ts'
import type { ArtifactRow } from '../store.ts'

/** Adds a tag to an artifact, through the gates of a push. Throws CONFLICT for a tag that the repository has. */
export async function createTag(
  db: Db,
  gates: Gates,
  by: Actor,
  project: Project,
  artifact: ArtifactRow,
  tag: Tag,
): Promise<void> {
  const { digest, repositoryId, repositoryName, mediaType, size } = artifact
  const repository = { id: repositoryId, name: repositoryName }
  await db.transaction(async (tx) => {
    const id = await lockArtifact(tx, repositoryId, digest)
    const stored =
      id === undefined
        ? undefined
        : await tx.row<{ content: Buffer }>(sql`select content from manifest where artifact_id = ${id}`)
    if (id === undefined || !stored) throw new Failure('NOT_FOUND', `${digest} does not exist in ${repositoryName}`)
    await passGates(gates, tx, {
      kind: 'manifest',
      project,
      repository: repositoryName,
      digest,
      manifest: parseManifest(stored.content, mediaType),
      size,
      tags: [tag],
      by,
    })
    if (!(await addTag(tx, repository, id, tag)))
      throw new Failure('CONFLICT', `the tag ${tag} exists already in ${repositoryName}`)
    await emit(tx, [facts.tagCreated({ projectId: project.id, repository: repositoryName, tag, digest }, by)])
  })
}

/** Removes a tag of this artifact; the artifact stays. Throws NOT_FOUND for a tag of another artifact. */
export async function deleteTag(
  db: Db,
  gates: Gates,
  by: Actor,
  repository: Repository,
  artifact: ArtifactRow,
  tag: Tag,
): Promise<void> {
  await db.transaction(async (tx) => {
    const mine = await tx.row(
      sql`select id from tag
        where repository_id = ${repository.id} and name = ${tag} and artifact_id = ${artifact.id} for update`,
    )
    if (!mine) throw new Failure('NOT_FOUND', `the artifact has no tag ${tag}`)
    await removeTag(tx, gates, repository, tag, by)
  })
}
