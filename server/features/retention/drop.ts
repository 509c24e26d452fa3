import { OciError } from '../../../oci/errors.ts'
import { lockArtifact } from '../../catalog/artifact.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Db } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { UntagGates } from '../../registry/gate.ts'
import { removeTag } from '../../registry/local/remove.ts'
import { deleteArtifact } from '../artifacts/index.ts'
import { loadState } from './load.ts'
import type { Outcome } from './plan.ts'
import type { RepositoryRow } from './store.ts'

type Dropping = { db: Db; gates: UntagGates; by: Actor; repository: RepositoryRow; runId: number }

/**
 * Does what a plan decided about one artifact: deletes it with all its tags, or only its dropped tags. Nothing happens
 * when it was pushed, pulled or tagged since it was planned. Returns why it stays, or undefined when it was done.
 */
export async function dropOne(dropping: Dropping, outcome: Outcome): Promise<string | undefined> {
  try {
    if (outcome.decision.isKept) await dropTags(dropping, outcome)
    else await dropArtifact(dropping, outcome)
    return undefined
  } catch (error) {
    // Refused by an index that names it, a gate, or a change since the plan; anything else ends the task.
    if (error instanceof Failure || error instanceof OciError) return error.message
    throw error
  }
}

function dropArtifact({ db, gates, by, repository, runId }: Dropping, { candidate }: Outcome): Promise<void> {
  return deleteArtifact(db, gates, by, repository, candidate.digest, {
    runId,
    isStillDue: async (tx, id) => (await loadState(tx, repository.id, id)) === candidate.state,
  })
}

async function dropTags({ db, gates, by, repository, runId }: Dropping, { candidate, tags }: Outcome): Promise<void> {
  const names = tags.filter(({ decision }) => !decision.isKept).map(({ tag }) => tag.name)
  await db.transaction(async (tx) => {
    const id = await lockArtifact(tx, repository.id, candidate.digest)
    if (id === undefined || (await loadState(tx, repository.id, id)) !== candidate.state)
      throw new Failure('CONFLICT', `${candidate.digest} was pushed again, tagged or put to use meanwhile`)
    for (const name of names) await removeTag(tx, gates, repository, name, by, runId)
  })
}
