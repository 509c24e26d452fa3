import { OciError } from '../../../oci/errors.ts'
import type { Digest } from '../../../oci/digest.ts'
import { projectOf, type RepositoryName } from '../../../oci/reference.ts'
import { listReferrers } from '../../catalog/artifact.ts'
import { blobPath, findBlob, unlinkBlob } from '../../catalog/blob.ts'
import { findRepository, listRepositoryNames } from '../../catalog/repository.ts'
import { listTags } from '../../catalog/tag.ts'
import { findUnsynced } from '../../catalog/unsynced.ts'
import { facts } from '../../catalog/topics.ts'
import { isReferenceViolation } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { openTurns } from '../../platform/turns.ts'
import type { BlobStat, Registry } from '../registry.ts'
import { localManifests } from './manifest.ts'
import type { LocalOptions } from './options.ts'
import type { SmallBlobLimits } from './small-blobs.ts'
import { openPlacing } from './unsynced/place.ts'
import { localUploads } from './upload.ts'
import { openVerifier } from './verify.ts'

/** How long a presigned URL lasts, in ms: enough to begin a download, too short to be passed around. */
const presignTtlMs = 5 * 60_000

/** How long a push waits for its turn before it is answered with 503, in ms: a thousand may be queued before it. */
const turnWaitMs = 60_000

/** `smallBlobs`: how much of small blobs is kept in memory; none without it. */
type More = { pushesAtOnce?: number; smallBlobs?: SmallBlobLimits }

/** Marina's own registry: metadata in PostgreSQL, bytes in the blob store. */
export function openLocalRegistry(given: Omit<LocalOptions, 'turns'> & More): Registry {
  const turns = openTurns({ atOnce: given.pushesAtOnce ?? 8, waitMs: turnWaitMs })
  const { db, cache, blobs, unsynced, onFileTrouble: onTrouble } = given
  const placing = unsynced && openPlacing({ db: db.relaxed, blobs, onTrouble }, unsynced)
  given.closing?.defer(async () => placing?.files.settle())
  /** The bytes of a small blob whose file is not written yet, or lost before its sync. */
  const findBytes = async (digest: Digest) => placing?.files.find(digest) ?? findUnsynced(db, digest)
  const options = { ...given, turns, placing, findBytes }
  const [manifests, uploads] = [localManifests(options), localUploads(options)]
  const reader = { db, cache }
  const verifier = openVerifier(blobs, given.smallBlobs ?? { bytes: 0, eachBytes: 0 }, findBytes)

  return {
    ...manifests,
    ...uploads,
    mountBlob: (name, ...rest) => turns.take(projectOf(name), () => uploads.mountBlob(name, ...rest)),

    finishUpload: (...all) => trusting(uploads.finishUpload(...all)),
    writeBlob: (...all) => trusting(uploads.writeBlob(...all)),

    async statBlob(name, digest) {
      const blob = await getBlob(name, digest)
      await verifier.check(blob)
      return blob
    },

    async readBlob(name, digest) {
      const blob = await getBlob(name, digest)
      const content = await verifier.recall(blob)
      return content ? { digest, size: blob.size, content } : blob
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
          if (!(await unlinkBlob(tx, repository, digest)))
            throw new OciError('BLOB_UNKNOWN', undefined, { detail: { digest } })
          await emit(tx, [facts.blobDeleted({ projectId: repository.projectId, repository: name, digest }, by)])
        })
        .catch((error: unknown) => {
          if (!isReferenceViolation(error)) throw error
          const why = 'a manifest in this repository needs this blob: delete the manifest first'
          throw new OciError('UNSUPPORTED', why, { detail: { digest }, headers: { allow: 'GET, HEAD' } })
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

  /**
   * Notes that a new blob's bytes are right, before the push is acknowledged, so that they cannot be altered in
   * between. Not on S3, where this would cost a request.
   */
  async function trusting(stored: Promise<BlobStat>): Promise<BlobStat> {
    const blob = await stored
    const isThere = blobs.kind !== 's3' && placing?.files.find(blob.digest) === undefined
    if (isThere) await verifier.trust(blob.digest).catch(() => {})
    return blob
  }

  async function getBlob(name: RepositoryName, digest: Digest): Promise<BlobStat> {
    const found = await findBlob(reader, name, digest)
    if (!found) throw new OciError('BLOB_UNKNOWN', undefined, { detail: { digest } })
    return found
  }
}
