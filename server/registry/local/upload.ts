import { createHash, randomUUID } from 'node:crypto'
import { algorithmOf, type Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import { blobPath, linkBlob, noteStrays } from '../../catalog/blob.ts'
import { ensureRepository } from '../../catalog/repository.ts'
import type { Bytes, Stage } from '../../platform/blobs/blobs.ts'
import { sql } from '../../platform/db/sql.ts'
import { failpoint } from '../../platform/failpoint.ts'
import { gathering } from '../../platform/gather.ts'
import { passGates } from '../gate.ts'
import type { Registry, Upload } from '../registry.ts'
import { claimed, dropClaimed, settled, type Claimed } from './claim.ts'
import { isCommitted, noteCommit } from './committed.ts'
import { openHashes } from './hash.ts'
import { lookingAgain } from './looking.ts'
import type { LocalOptions } from './options.ts'
import { getProject, recordBlob } from './record.ts'

type Uploads = Pick<
  Registry,
  'startUpload' | 'findUpload' | 'appendUpload' | 'finishUpload' | 'cancelUpload' | 'writeBlob' | 'mountBlob'
>

/** Bytes that took longer than this, in ms, are noted once more when all are there: the note would be old by then. */
const noteAgainMs = 60_000

/**
 * Bytes on their way in. One request at a time works on an upload: it claims the row, which any replica sees
 * (claim.ts). Hashes run along with the bytes (hash.ts). A blob is recorded only after its bytes are durable (record.ts).
 */
export function localUploads(options: LocalOptions): Uploads {
  const { db, blobs, gates } = options
  const hashes = openHashes(blobs)
  // A crowd of uploads is noted by a few statements: one each would wear out the connections.
  const note = gathering((digests: Digest[]) => noteStrays(db.relaxed, digests), 200)

  return {
    async startUpload(name, by, algorithm) {
      const project = await getProject(options, name)
      const id = randomUUID()
      await db.relaxed.run(sql`
        insert into upload (id, project_id, repository, account_id, algorithm, stage)
        values (${id}, ${project.id}, ${name}, ${by.id}, ${algorithm}, ${JSON.stringify(blobs.stage(id))}::jsonb)`)
      failpoint('upload.created')
      return { id, size: 0 }
    },

    async findUpload(name, id) {
      const row = await settled(db, name, id)
      if (!row) throw new OciError('BLOB_UPLOAD_UNKNOWN')
      return { id, size: row.stage.size }
    },

    appendUpload: (name, id, bytes, at) => claimed(db, name, id, (upload) => append(upload, bytes, at)),

    finishUpload: (name, id, by, digest, bytes, at) =>
      claimed(db, name, id, async (upload) => {
        const whole = upload.stage.size === 0 && (at ?? 0) === 0
        const size = await (whole ? storeWhole(digest, bytes) : storeStaged(upload, digest, bytes, at)).catch(
          async (error: unknown) => {
            // A wrong digest ends the upload (C-48): nobody could tell which of its bytes were wrong.
            if (error instanceof OciError && error.code === 'DIGEST_INVALID') await abandon(upload)
            throw error
          },
        )
        return recordBlob(options, name, by, { digest, size }, (tx) => dropClaimed(tx, upload))
      }),

    async cancelUpload(name, id) {
      const row = await db.row<{ stage: Stage }>(
        sql`delete from upload where id = ${id} and repository = ${name} returning stage`,
      )
      if (!row) throw new OciError('BLOB_UPLOAD_UNKNOWN')
      await blobs.discard(row.stage)
    },

    async writeBlob(name, by, digest, bytes) {
      await getProject(options, name)
      const size = await storeWhole(digest, bytes)
      return recordBlob(options, name, by, { digest, size })
    },

    async mountBlob(name, by, from, digest) {
      const project = await getProject(options, name)
      return lookingAgain(() =>
        db.transaction(async (tx) => {
          const source = await tx.row<{ size: number }>(sql`
          select blob.size from blob join repository_blob held on held.blob_id = blob.id join repository on repository.id = held.repository_id
          where blob.digest = ${digest} and repository.name = ${from}`)
          if (!source) return false
          await passGates(gates, tx, { kind: 'blob', project, repository: name, digest, size: source.size })
          const repository = await ensureRepository(tx, project, name, by)
          return linkBlob(tx, repository.id, from, digest)
        }),
      )
    },
  }

  /** The usual case: all bytes in one request, straight to their place, visible only once the digest is right. */
  async function storeWhole(digest: Digest, bytes: Bytes): Promise<number> {
    const size = await blobs.write(
      blobPath(digest),
      noted(digest, bytes),
      (_, hex) => checkDigest(digest, `${algorithmOf(digest)}:${hex}` as Digest),
      algorithmOf(digest),
    )
    failpoint('blob.written')
    return size
  }

  /** The same bytes. Before the last of them is through, the database knows that they come. */
  async function* noted(digest: Digest, bytes: Bytes): Bytes {
    const begun = performance.now()
    const told = note(digest)
    told.catch(() => {}) // told below, or the source failed first
    yield* bytes
    await told
    if (performance.now() - begun > noteAgainMs) await note(digest)
  }

  async function storeStaged(upload: Claimed, digest: Digest, bytes: Bytes, at: number | undefined): Promise<number> {
    if (await isCommitted(blobs, upload, digest, note)) return wholeWithout(upload, bytes)
    const { size } = await append(upload, bytes, at)
    checkDigest(digest, await hashes.digestOf(upload, algorithmOf(digest)))
    await Promise.all([note(digest), noteCommit(db, upload, digest)])
    await blobs.commit(upload.stage, blobPath(digest))
    failpoint('blob.written')
    return size
  }

  async function abandon({ id, claim, stage }: Claimed) {
    await db.run(sql`delete from upload where id = ${id} and claim = ${claim}`)
    await blobs.discard(stage)
  }

  async function append(upload: Claimed, bytes: Bytes, at: number | undefined): Promise<Upload> {
    const { id, stage, algorithm } = upload
    if (at !== undefined && at !== stage.size) throw rangeInvalid(upload.name, id, stage.size)
    const fresh = () => ({ hash: createHash(algorithm), size: 0, algorithm, grownBy: null })
    const usable = hashes.take(upload) ?? (stage.size === 0 ? fresh() : undefined)
    let counted = stage.size
    const counting = async function* () {
      for await (const chunk of bytes) {
        usable?.hash.update(chunk)
        counted += chunk.length
        yield chunk
      }
    }
    const { stage: longer, cut } = await blobs.append(stage, counting())
    failpoint('upload.appended')
    upload.stage = longer
    upload.grownBy = upload.claim
    if (usable && counted === longer.size) hashes.keep(id, { ...usable, size: counted, grownBy: upload.claim })
    const kept = await db.relaxed.run(
      sql`update upload set stage = ${JSON.stringify(longer)}::jsonb, grown_by = ${upload.claim}, updated_at = now() where id = ${id} and claim = ${upload.claim}`,
    )
    if (kept === 0) throw new OciError('BLOB_UPLOAD_UNKNOWN')
    if (cut !== undefined) throw cut
    return { id, size: longer.size }
  }
}

/** Of an upload whose bytes are in their place already: its size, when no more bytes come. */
async function wholeWithout({ stage }: Claimed, bytes: Bytes): Promise<number> {
  for await (const chunk of bytes)
    if (chunk.length > 0) throw new OciError('BLOB_UPLOAD_UNKNOWN', 'this upload has all its bytes: start again')
  return stage.size
}

function checkDigest(wanted: Digest, found: Digest) {
  if (wanted !== found)
    throw new OciError('DIGEST_INVALID', 'the digest does not match the uploaded bytes', {
      detail: { provided: wanted, computed: found },
    })
}

/** 416 with the place to go on from, as "Pushing a blob in chunks" asks. */
function rangeInvalid(name: RepositoryName, id: string, size: number): OciError {
  return new OciError('RANGE_INVALID', `the next byte of this upload is number ${size}`, {
    headers: {
      location: `/v2/${name}/blobs/uploads/${id}`,
      range: `0-${Math.max(0, size - 1)}`,
      'docker-upload-uuid': id,
    },
  })
}
