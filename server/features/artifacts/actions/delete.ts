import type { Digest } from '../../../../oci/digest.ts'
import { lockArtifact } from '../../../catalog/artifact.ts'
import type { Repository } from '../../../catalog/repository.ts'
import type { Actor } from '../../../catalog/topics.ts'
import { isReferenceViolation, type Db, type Tx } from '../../../platform/db/db.ts'
import { Failure } from '../../../platform/http/failure.ts'
import type { UntagGates } from '../../../registry/gate.ts'
import { lockGoing } from '../../../registry/local/going.ts'
import { removeArtifacts } from '../../../registry/local/remove.ts'

const named = () =>
  new Failure('PRECONDITION', 'an index in this repository names this artifact: delete the index first')

type Options = {
  /** Called once the artifact is locked, so that its answer holds until the artifact is deleted. */
  isStillDue?(tx: Tx, artifactId: number): Promise<boolean>
  /** The run of retention that deletes it. */
  runId?: number
  /** It can be had again from elsewhere: its bytes are not kept for an undo. */
  skipsTrash?: boolean
}

/**
 * Deletes an artifact with its tags, the parts that only it needs, and its accessories that have no tag of their own.
 * Throws PRECONDITION while an index names it, or when one of the tags is immutable; CONFLICT when `isStillDue` is
 * false.
 */
export async function deleteArtifact(
  db: Db,
  gates: UntagGates,
  by: Actor,
  repository: Repository,
  digest: Digest,
  { isStillDue = async () => true, runId, skipsTrash = false }: Options = {},
): Promise<void> {
  try {
    await db.transaction(async (tx) => {
      const rootId = await lockArtifact(tx, repository.id, digest)
      if (rootId === undefined) throw new Failure('NOT_FOUND', `${digest} does not exist in ${repository.name}`)
      if (!(await isStillDue(tx, rootId)))
        throw new Failure('CONFLICT', `${digest} was pushed again, tagged or put to use meanwhile`)
      const going = await lockGoing(tx, { id: rootId, repositoryId: repository.id, takesParts: true })
      if (!going) throw named()
      const cause = { kind: 'artifact', digest, skipsTrash, ...(runId === undefined ? {} : { runId }) } as const
      await removeArtifacts(tx, gates, repository, cause, by, going)
    })
  } catch (error) {
    // An index that names a part of the artifact was pushed meanwhile.
    throw isReferenceViolation(error) ? named() : error
  }
}
