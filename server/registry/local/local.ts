import { OciError } from '../../../oci/errors.ts'
import type { Digest } from '../../../oci/digest.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import { listReferrers } from '../../catalog/artifact.ts'
import { blobPath, findBlob, unlinkBlob } from '../../catalog/blob.ts'
import { findRepository, listRepositoryNames } from '../../catalog/repository.ts'
import { listTags } from '../../catalog/tag.ts'
import { facts } from '../../catalog/topics.ts'
import { isReferenceViolation } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import type { BlobStat, Registry } from '../registry.ts'
import { localManifests } from './manifest.ts'
import { localUploads, type LocalOptions } from './upload.ts'
import { openVerifier } from './verify.ts'

/** How long a presigned URL lasts, in ms: enough to begin a download, too short to be passed around. */
const presignTtlMs = 5 * 60_000

/** Our own registry: facts in PostgreSQL, bytes in the blob store. */
export function openLocalRegistry(options: LocalOptions): Registry {
  const { db, cache, blobs } = options
  const reader = { db, cache }
  const verifier = openVerifier(blobs)

  return {
    ...localManifests(options),
    ...localUploads(options),

    async statBlob(name, digest) {
      const blob = await getBlob(name, digest)
      await verifier.check(blob)
      return blob
    },

    async openBlob(name, digest, range) {
      return verifier.read(await getBlob(name, digest), range)
    },

    async blobUrl(name, digest) {
      await getBlob(name, digest)
      return blobs.presign?.(blobPath(digest), presignTtlMs)
    },

    async deleteBlob(name, by, digest) {
      const repository = await findRepository(reader, name)
      if (!repository) throw new OciError('NAME_UNKNOWN', `the repository ${name} does not exist`)
      await db
        .transaction(async (tx) => {
          if (!(await unlinkBlob(tx, repository, digest))) throw new OciError('BLOB_UNKNOWN', undefined, { detail: { digest } })
          await emit(tx, [facts.blobDeleted({ projectId: repository.projectId, repository: name, digest }, by)])
        })
        .catch((error: unknown) => {
          if (!isReferenceViolation(error)) throw error
          throw new OciError('PRECONDITION', 'a manifest in this repository needs this blob: delete the manifest first', { detail: { digest } })
        })
    },

    async listTags(name, page) {
      const repository = await findRepository(reader, name)
      if (!repository) throw new OciError('NAME_UNKNOWN', `the repository ${name} does not exist`, { detail: { name } })
      return listTags(db, repository.id, page)
    },

    async listReferrers(name, subject, page) {
      const rows = await listReferrers(db, name, subject, page)
      return rows.map(({ artifactType, annotations, ...row }) => ({
        ...row,
        ...(artifactType === null ? {} : { artifactType }),
        ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      }))
    },

    listRepositories: (viewer, page) => listRepositoryNames(db, viewer, page),
  }

  async function getBlob(name: RepositoryName, digest: Digest): Promise<BlobStat> {
    const found = await findBlob(reader, name, digest)
    if (!found) throw new OciError('BLOB_UNKNOWN', undefined, { detail: { digest } })
    return found
  }
}
