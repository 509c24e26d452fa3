import type { Repository } from '../../catalog/repository.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Db } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Gates } from '../../registry/gate.ts'
import { removeArtifacts } from '../../registry/local/remove.ts'
import { dropRepository, listContents, lockRepository, saveDescription } from './store.ts'
import { facts } from './topics.ts'

const gone = ({ name }: Repository) => new Failure('NOT_FOUND', `the repository ${name} does not exist`)

export async function updateRepository(
  db: Db,
  by: Actor,
  repository: Repository,
  { description }: { description: string },
): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await saveDescription(tx, repository.id, description))) throw gone(repository)
    await emit(tx, [
      facts.repositoryChanged(
        { projectId: repository.projectId, repository: repository.name, changed: ['description'] },
        by,
      ),
    ])
  })
}

/**
 * Deletes a repository with everything in it, or nothing at all. Throws PRECONDITION when one of its tags is immutable.
 */
export async function deleteRepository(db: Db, gates: Gates, by: Actor, repository: Repository): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await lockRepository(tx, repository.id))) throw gone(repository)
    const contents = await listContents(tx, repository.id)
    await removeArtifacts(tx, gates, repository, { kind: 'repository' }, by, contents)
    await dropRepository(tx, repository)
    const { projectId, name } = repository
    await emit(tx, [facts.repositoryDeleted({ projectId, repository: name, artifacts: contents.length }, by)])
  })
}
