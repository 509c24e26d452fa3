import type { Digest } from '../../../oci/digest.ts'
import { blobPath, takeBytes } from '../../catalog/blob.ts'
import type { Blobs } from '../../platform/blobs/blobs.ts'
import type { Db } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { linkPath, type Place } from './rules.ts'
import { dropRecord, type SystemArtifact } from './store.ts'
import { facts, marina } from './topics.ts'

type Options = { db: Db; blobs: Blobs }

/** Removes the record, then the bytes. Undefined when there was no record. */
export async function removeArtifact(
  options: Options,
  repository: string,
  digest: Digest,
): Promise<SystemArtifact | undefined> {
  const record = await options.db.transaction(async (tx) => {
    const dropped = await dropRecord(tx, repository, digest)
    if (!dropped) return undefined
    const { vendor, type, size } = dropped
    await emit(tx, [facts.systemArtifactDeleted({ vendor, repository, type, digest, size }, marina)])
    return dropped
  })
  if (!record) return undefined
  await removeBytes(options, record, digest)
  return record
}

/** Bytes that nobody holds any more, then their link: should this end in between, `reconcile` finds the link. */
export async function removeBytes(
  { db, blobs }: Options,
  place: Place,
  digest: Digest,
  { dooms = false } = {},
): Promise<void> {
  await takeBytes(db, digest, { dooms, remove: () => blobs.remove(blobPath(digest)) })
  await blobs.remove(linkPath(place, digest))
}
