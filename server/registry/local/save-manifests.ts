import type { RepositoryName } from '../../../oci/reference.ts'
import type { Project } from '../../catalog/project.ts'
import { ensureRepository, findRepository, type Repository } from '../../catalog/repository.ts'
import type { Actor } from '../../catalog/topics.ts'
import { DatabaseUnavailable } from '../../platform/db/db.ts'
import { answeringFor, asking, type Asking } from '../../platform/events/asking.ts'
import { batching } from '../../platform/gather.ts'
import { TurnsFull } from '../../platform/turns.ts'
import type { LocalOptions } from './options.ts'
import { getProject } from './record.ts'
import { storeManifests, type NewManifest } from './store-manifests.ts'

type Pushing = {
  name: RepositoryName
  by: Actor
  push: NewManifest
  project: Project
  /** Undefined before its first push. */
  repository: Repository | undefined
  asked: Asking | undefined
}

/** The most manifests that one transaction stores. */
const mostTogether = 50
/** How long a transaction may take before the next one begins beside it, in ms: it may wait for a lock. */
const patienceMs = 100

/**
 * Returns the function that saves a pushed manifest. Those of one project that arrive while a transaction is under way
 * are saved by the next one together (group commit), unless they name the same tag.
 */
export function openManifestSaves(
  options: Pick<LocalOptions, 'db' | 'cache' | 'gates' | 'turns'>,
): (name: RepositoryName, by: Actor, push: NewManifest) => Promise<void> {
  const { db, cache, turns } = options
  const reader = { db, cache }
  const save = batching({
    ask: (all: Pushing[]) => turns.take(all[0]!.project.name, () => saveTogether(options, all)),
    keyOf: ({ project }) => project.name,
    apart: ({ name, push }) => push.tags.map((tag) => `${name}:${tag}`),
    isCommon: (error) => error instanceof DatabaseUnavailable || error instanceof TurnsFull,
    atMost: mostTogether,
    patienceMs,
  })
  return async (name, by, push) => {
    // Both from the cache, before the transaction: a second connection inside it could use up the pool.
    const project = await getProject(reader, name)
    await save({ name, by, push, project, repository: await findRepository(reader, name), asked: asking() })
  }
}

function saveTogether({ db, gates }: Pick<LocalOptions, 'db' | 'gates'>, all: Pushing[]): Promise<void[]> {
  return db.transaction(async (tx) => {
    const made = new Map<RepositoryName, Repository>()
    for (const { name, by, project, repository, asked } of all) {
      if (repository || made.has(name)) continue
      made.set(name, await answeringFor(asked, () => ensureRepository(tx, project, name, by)))
    }
    await storeManifests(
      tx,
      gates,
      all.map((one) => ({ ...one, repository: one.repository ?? made.get(one.name)! })),
    )
    return all.map(() => undefined)
  })
}
