import type { Digest } from '../../../oci/digest.ts'
import type { Tag } from '../../../oci/reference.ts'
import { dropArtifacts } from '../../catalog/artifact.ts'
import type { Repository } from '../../catalog/repository.ts'
import { dropTag, dropTagsOf } from '../../catalog/tag.ts'
import { facts, type Actor } from '../../catalog/topics.ts'
import { trashArtifacts, trashTag, type Cause } from '../../catalog/trash.ts'
import type { Tx } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { failpoint } from '../../platform/failpoint.ts'
import { passUntagGates, type UntagGates } from '../gate.ts'

/** An artifact that is about to be deleted, with its tags; the rows of both are locked. */
export type Going = { id: number; digest: Digest; tags: Tag[] }

/** How many facts one statement writes. */
const batch = 1000

/**
 * Deletes artifacts within a transaction: passes the gates, fills the trash, drops tags and artifacts, emits the facts.
 * The artifacts may name each other; a foreign key fails when an index that stays names one of them.
 */
export async function removeArtifacts(
  tx: Tx,
  gates: UntagGates,
  repository: Repository,
  cause: Cause,
  by: Actor,
  going: Going[],
): Promise<void> {
  const place = placeOf(repository)
  const ids = going.map(({ id }) => id)
  await passUntagGates(gates, tx, {
    ...place,
    tags: going.flatMap(({ tags }) => tags),
    digests: going.map(({ digest }) => digest),
    by,
  })
  if (!cause.skipsTrash) await trashArtifacts(tx, repository, cause, ids, by)
  await dropTagsOf(tx, repository, ids)
  await dropArtifacts(tx, repository, going)
  failpoint('artifact.dropped')
  for (let at = 0; at < going.length; at += batch) {
    const some = going.slice(at, at + batch)
    await emit(
      tx,
      some.map(({ digest, tags }) => facts.artifactDeleted({ ...place, digest, tags }, by)),
    )
  }
}

/**
 * Deletes a tag within a transaction: passes the gates, drops the tag, fills the trash, emits the fact. The artifact
 * stays. False when there is no such tag. `runId`: the run of retention that deletes it.
 */
export async function removeTag(
  tx: Tx,
  gates: UntagGates,
  repository: Repository,
  tag: Tag,
  by: Actor,
  runId?: number,
): Promise<boolean> {
  const place = placeOf(repository)
  await passUntagGates(gates, tx, { ...place, tags: [tag], digests: [], by })
  const dropped = await dropTag(tx, repository, tag)
  if (!dropped) return false
  await trashTag(tx, repository, tag, dropped, by, runId)
  await emit(tx, [facts.tagDeleted({ ...place, tag, digest: dropped.digest }, by)])
  return true
}

const placeOf = ({ projectId, name }: Repository) => ({ projectId, repository: name })
