import type { Digest } from '../../../oci/digest.ts'
import { blobPath } from '../../catalog/blob.ts'
import { BlobMissing, type Blobs, type BlobStream, type Bytes } from '../../platform/blobs/blobs.ts'
import type { Db } from '../../platform/db/db.ts'
import type { ListQuery } from '../../platform/db/listing.ts'
import { createArtifact, type NewSystemArtifact } from './create.ts'
import type { Limits } from './quota.ts'
import { removeArtifact, removeBytes } from './removal.ts'
import { findRecord, getRecord, listRecords, notFound, sumSizes, type SystemArtifact } from './store.ts'
import { openUpkeep, type Upkeep } from './upkeep.ts'

export type { NewSystemArtifact } from './create.ts'

export type SystemArtifacts = Upkeep & {
  /**
   * Stores the bytes of `source` and the record of them; when one fails, the other is not there. The digest is
   * computed here, and compared when given. Throws CONFLICT for what exists, DENIED when a quota leaves no room,
   * BAD_REQUEST for a bad place.
   */
  create(artifact: NewSystemArtifact, source: Bytes): Promise<SystemArtifact>
  /** The bytes, flowing; the caller ends the stream. Throws NOT_FOUND. */
  read(repository: string, digest: Digest): Promise<{ size: number; bytes: BlobStream }>
  /** Removes record and bytes; bytes that somebody else holds stay. Throws NOT_FOUND. */
  delete(repository: string, digest: Digest): Promise<void>
  /** True when both the record and the bytes are there. */
  exists(repository: string, digest: Digest): Promise<boolean>
  get(repository: string, digest: Digest): Promise<SystemArtifact>
  list(query: ListQuery): Promise<SystemArtifact[]>
  /** Bytes of all together. */
  size(): Promise<number>
}

type Options = {
  db: Db
  blobs: Blobs
  /** Age at which the cleanup takes what has no criteria of its own, in ms. */
  ttlMs: number
  limits: Limits
}

export function openSystemArtifacts({ db, blobs, ttlMs, limits }: Options): SystemArtifacts {
  const parts = { db, blobs, limits }
  const remove = (repository: string, digest: Digest) => removeArtifact(parts, repository, digest)
  const upkeep = openUpkeep({
    db,
    blobs,
    ttlMs,
    remove,
    removeBytes: (place, digest, how) => removeBytes(parts, place, digest, how),
  })

  return {
    create: (artifact, source) => createArtifact(parts, artifact, source),
    async read(repository, digest) {
      const { size } = await getRecord(db, repository, digest)
      return {
        size,
        bytes: await blobs.read(blobPath(digest)).catch((error: unknown) => {
          // Somebody removed it since its record was read, or its bytes are lost.
          throw error instanceof BlobMissing ? notFound(repository, digest) : error
        }),
      }
    },
    async delete(repository, digest) {
      if (!(await remove(repository, digest))) throw notFound(repository, digest)
    },
    exists: async (repository, digest) =>
      (await findRecord(db, repository, digest)) !== undefined && (await blobs.find(blobPath(digest))) !== undefined,
    get: (repository, digest) => getRecord(db, repository, digest),
    list: (query) => listRecords(db, query),
    size: () => sumSizes(db),
    ...upkeep,
  }
}
