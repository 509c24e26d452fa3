import type { Tag } from '../../../oci/reference.ts'
import { dropArtifacts } from '../../catalog/artifact.ts'
import type { Repository } from '../../catalog/repository.ts'
import { dropTagsOf } from '../../catalog/tag.ts'
import { facts as nouns, type Actor } from '../../catalog/topics.ts'
import { trashArtifacts } from '../../catalog/trash.ts'
import type { Db } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { passUntagGates, type Gates } from '../../registry/gate.ts'
import { dropRepository, listContents, lockRepository, saveDescription } from './store.ts'
import { facts } from './topics.ts'

const gone = ({ name }: Repository) => new Failure('NOT_FOUND', `the repository ${name} does not exist`)

export async function updateRepository(db: Db, by: Actor, repository: Repository, { description }: { description: string }): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await saveDescription(tx, repository.id, description))) throw gone(repository)
    await emit(tx, [facts.repositoryChanged({ projectId: repository.projectId, repository: repository.name, changed: ['description'] }, by)])
  })
}

/** Facts written by one statement. */
const batch = 1000

/** A repository with all that is in it, or nothing of it: throws PRECONDITION when one of its tags is immutable. */
export async function deleteRepository(db: Db, gates: Gates, by: Actor, repository: Repository): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await lockRepository(tx, repository.id))) throw gone(repository)
    const contents = await listContents(tx, repository.id)
    await passUntagGates(gates, tx, { projectId: repository.projectId, repository: repository.name, tags: contents.flatMap(({ tags }) => tags as Tag[]) })
    await trashArtifacts(tx, repository, { kind: 'repository' }, contents.map(({ id }) => id), by)
    await dropTagsOf(tx, repository, contents.map(({ id }) => id))
    await dropArtifacts(tx, repository, contents)
    await dropRepository(tx, repository)
    const place = { projectId: repository.projectId, repository: repository.name }
    for (let at = 0; at < contents.length; at += batch) {
      await emit(tx, contents.slice(at, at + batch).map(({ digest, tags }) => nouns.artifactDeleted({ ...place, digest, tags }, by)))
    }
    await emit(tx, [facts.repositoryDeleted({ ...place, artifacts: contents.length }, by)])
  })
}
