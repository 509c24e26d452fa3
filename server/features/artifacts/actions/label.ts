import { artifactKey } from '../../../catalog/artifact.ts'
import type { Actor } from '../../../catalog/topics.ts'
import { isReferenceViolation, type Db } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { emit } from '../../../platform/events/emit.ts'
import { Failure } from '../../../platform/http/failure.ts'
import type { ArtifactRow } from '../store.ts'
import { facts } from '../topics.ts'

/** Throws NOT_FOUND for a label that is neither global nor of the project, CONFLICT for one that the artifact has. */
export async function addLabel(
  db: Db,
  by: Actor,
  { id, projectId, repositoryName, digest }: ArtifactRow,
  labelId: number,
): Promise<void> {
  const unknown = () => new Failure('NOT_FOUND', `the project has no label ${labelId}`)
  await db
    .transaction(async (tx) => {
      const label = await tx.row(
        sql`select id from label where id = ${labelId} and (project_id is null or project_id = ${projectId})
          for key share`,
      )
      if (!label) throw unknown()
      const added = await tx.run(
        sql`insert into artifact_label (artifact_id, label_id) values (${id}, ${labelId}) on conflict do nothing`,
      )
      tx.changes(artifactKey(id))
      if (added === 0) throw new Failure('CONFLICT', `the artifact has the label ${labelId} already`)
      await emit(tx, [facts.artifactLabeled({ projectId, repository: repositoryName, digest, labelId }, by)])
    })
    .catch((error: unknown) => {
      throw isReferenceViolation(error) ? new Failure('NOT_FOUND', 'the artifact was deleted meanwhile') : error
    })
}

export async function removeLabel(
  db: Db,
  by: Actor,
  { id, projectId, repositoryName, digest }: ArtifactRow,
  labelId: number,
): Promise<void> {
  await db.transaction(async (tx) => {
    tx.changes(artifactKey(id))
    const removed = await tx.run(sql`delete from artifact_label where artifact_id = ${id} and label_id = ${labelId}`)
    if (removed === 0) throw new Failure('NOT_FOUND', `the artifact does not have the label ${labelId}`)
    await emit(tx, [facts.artifactUnlabeled({ projectId, repository: repositoryName, digest, labelId }, by)])
  })
}
