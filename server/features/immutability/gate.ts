import { OciError } from '../../../oci/errors.ts'
import { projectOf, type RepositoryName, type Tag } from '../../../oci/reference.ts'
import type { Reader } from '../../catalog/reader.ts'
import { filterTags, openYield } from '../../catalog/selector.ts'
import { existingTags, lockTagNames } from '../../catalog/tag.ts'
import type { PushGate, UntagGate } from '../../registry/gate.ts'
import { findImmutable } from './store.ts'

/**
 * Refuses a push to an immutable tag that exists, even with the same digest (C-65). A push to a project without rules
 * costs no query: the cache knows that it has none.
 */
export function tagStaysPut({ cache }: Pick<Reader, 'cache'>): PushGate {
  return async (tx, pushed) => {
    if (pushed.kind !== 'manifest' || pushed.tags.length === 0) return
    const held = await immutableOf({ db: tx, cache }, pushed.project.id, pushed.repository, pushed.tags)
    if (held.length === 0) return
    await lockTagNames(tx, pushed.repository, held)
    refuse(pushed.repository, (await existingTags(tx, pushed.repository, held))[0])
  }
}

/** Refuses the removal of an immutable tag, alone or with its artifact or repository. */
export function tagStays({ cache }: Pick<Reader, 'cache'>): UntagGate {
  return async (tx, { projectId, repository, tags }) => {
    if (tags.length === 0) return
    const held = await immutableOf({ db: tx, cache }, projectId, repository, tags)
    if (held.length > 0) refuse(repository, (await existingTags(tx, repository, held))[0])
  }
}

/** Reads the rules by the transaction's own connection: waiting for a second one could use up the pool and deadlock. */
async function immutableOf(reader: Reader, projectId: number, repository: RepositoryName, tags: Tag[]): Promise<Tag[]> {
  const isImmutable = await findImmutable(reader, projectId)
  const name = repository.slice(projectOf(repository).length + 1)
  if (!isImmutable) return []
  return filterTags(openYield(), tags, (tag) => isImmutable(name, tag))
}

function refuse(repository: RepositoryName, tag: Tag | undefined): void {
  if (tag !== undefined)
    throw new OciError(
      'PRECONDITION',
      `the tag ${repository}:${tag} is configured as immutable by a rule of the project`,
      {
        detail: { tag },
      },
    )
}
