import type { Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import { linkBlob } from '../../catalog/blob.ts'
import { ensureRepository } from '../../catalog/repository.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Stage } from '../../platform/blobs/blobs.ts'
import { sql } from '../../platform/db/sql.ts'
import { failpoint } from '../../platform/failpoint.ts'
import { passGates } from '../gate.ts'
import type { Registry } from '../registry.ts'
import { openClaims, settled, working } from './claim.ts'
import { abandon, append, openIncoming, storeStaged, storeWhole } from './incoming.ts'
import { lookingAgain } from './looking.ts'
import type { LocalOptions } from './options.ts'
import { getProject, openRecords } from './record.ts'
import { openStarts } from './start.ts'
import type { Placing } from './unsynced/place.ts'
import { openYoungUploads } from './young.ts'

type Uploads = Pick<
  Registry,
  'startUpload' | 'findUpload' | 'appendUpload' | 'finishUpload' | 'cancelUpload' | 'writeBlob' | 'mountBlob'
>

/**
 * Bytes on their way in. One request at a time works on an upload: it claims the row, which any replica sees
 * (claim.ts). Hashes run along with the bytes (hash.ts). A blob is recorded once its bytes are durable; those of a
 * small one become so with the record (record.ts).
 */
export function localUploads(options: LocalOptions & { placing: Placing | undefined }): Uploads {
  const { db, blobs, placing } = options
  const incoming = openIncoming({ db, blobs, placing })
  const young = openYoungUploads(openStarts(db), options.isAlone ?? (() => false))
  options.closing?.defer(() => young.close())
  const claimed = openClaims(db, young)
  const record = openRecords({ ...options, files: placing?.files })

  /** A new upload that this process knows needs no row, when all its bytes come in one request. */
  const claimedWhole: typeof claimed = (name, id, work) => {
    const taken = young.take(name, id)
    if (!taken) return claimed(name, id, work)
    const { claim, algorithm } = taken
    const upload = { name, id, claim, algorithm, stage: blobs.stage(id), grownBy: null, committing: null, young: taken }
    return working(db, upload, work)
  }

  return {
    async startUpload(name, by, algorithm) {
      const project = await getProject(options, name)
      const id = young.newId()
      await young.begin({ id, projectId: project.id, name, accountId: by.id, algorithm, stage: blobs.stage(id) })
      failpoint('upload.created')
      return { id, size: 0 }
    },

    async findUpload(name, id) {
      await young.written(id)
      const row = await settled(db, name, id, young.mayArrive(id))
      if (!row) throw new OciError('BLOB_UPLOAD_UNKNOWN')
      return { id, size: row.stage.size }
    },

    appendUpload: (name, id, bytes, at) => claimed(name, id, (upload) => append(incoming, upload, bytes, at)),

    finishUpload: (name, id, by, digest, bytes, at) =>
      ((at ?? 0) === 0 ? claimedWhole : claimed)(name, id, async (upload) => {
        const whole = upload.stage.size === 0 && (at ?? 0) === 0
        const { size, bytes: unsynced } = await (
          whole ? storeWhole(incoming, digest, bytes) : storeStaged(incoming, upload, digest, bytes, at)
        ).catch(async (error: unknown) => {
          // A wrong digest ends the upload (C-48): nobody could tell which of its bytes were wrong.
          if (error instanceof OciError && error.code === 'DIGEST_INVALID') await abandon(incoming, upload)
          throw error
        })
        return record({ name, by, blob: { digest, size }, bytes: unsynced, upload })
      }),

    async cancelUpload(name, id) {
      await young.written(id)
      const row = await db.row<{ stage: Stage }>(
        sql`delete from upload where id = ${id} and repository = ${name} returning stage`,
      )
      if (!row) throw new OciError('BLOB_UPLOAD_UNKNOWN')
      await blobs.discard(row.stage)
    },

    async writeBlob(name, by, digest, bytes) {
      await getProject(options, name)
      const { size, bytes: unsynced } = await storeWhole(incoming, digest, bytes)
      return record({ name, by, blob: { digest, size }, bytes: unsynced })
    },

    mountBlob: (name, by, from, digest) => mountBlob(options, name, by, from, digest),
  }
}

async function mountBlob(
  options: LocalOptions,
  name: RepositoryName,
  by: Actor,
  from: RepositoryName,
  digest: Digest,
): Promise<boolean> {
  const { db, gates } = options
  const project = await getProject(options, name)
  return lookingAgain(() =>
    db.transaction(async (tx) => {
      const source = await tx.row<{ size: number }>(sql`
        select blob.size from blob
          join repository_blob held on held.blob_id = blob.id
          join repository on repository.id = held.repository_id
        where blob.digest = ${digest} and repository.name = ${from}`)
      if (!source) return false
      await passGates(gates, tx, { kind: 'blob', project, repository: name, digest, size: source.size })
      const repository = await ensureRepository(tx, project, name, by)
      return linkBlob(tx, repository.id, from, digest)
    }),
  )
}
