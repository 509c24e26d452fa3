import { createHash, randomUUID, type Hash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { algorithmOf, finishDigest, type Digest, type DigestAlgorithm } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import { projectOf, type RepositoryName } from '../../../oci/reference.ts'
import { blobPath, isDoubtful, linkBlob, noteStrays, rescueBytes, saveBlob } from '../../catalog/blob.ts'
import { findProject, type Project } from '../../catalog/project.ts'
import { ensureRepository, type Repository } from '../../catalog/repository.ts'
import type { Actor } from '../../catalog/topics.ts'
import { BlobMissing, type Blobs, type Bytes, type Stage } from '../../platform/blobs/blobs.ts'
import type { Cache } from '../../platform/cache/cache.ts'
import { isReferenceViolation, type Db, type Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { failpoint } from '../../platform/failpoint.ts'
import { gathering } from '../../platform/gather.ts'
import type { Turns } from '../../platform/turns.ts'
import type { Describe } from '../describe.ts'
import { passGates, type Gates } from '../gate.ts'
import type { BlobStat, Registry, Upload } from '../registry.ts'
import { lookingAgain } from './looking.ts'

/** `turns`: where the pushes of one project wait for each other instead of for the database. */
export type LocalOptions = { db: Db; cache: Cache; blobs: Blobs; gates: Pick<Gates, 'push' | 'untag'>; describe: Describe; turns: Turns }

type Uploads = Pick<Registry, 'startUpload' | 'findUpload' | 'appendUpload' | 'finishUpload' | 'cancelUpload' | 'writeBlob' | 'mountBlob'>

/** What a claimed upload looks like while one request works on it. */
type Claimed = { name: RepositoryName; id: string; claim: string; stage: Stage; algorithm: DigestAlgorithm; grownBy: string | null }
/** The running hash over the first `size` bytes of an upload, the last of which came with the request `grownBy`. */
type Running = { hash: Hash; size: number; algorithm: DigestAlgorithm; grownBy: string | null }

/** How long a request may be silent about its claim on an upload before another may take it, in s; renewed at a third. */
const claimSeconds = 30
/** How long a request waits for an upload that another one has, and how often it looks, in ms. */
const claimPatienceMs = 3000
/** How often a push looks again when what it relies on is deleted at the same time. */
const looks = 5
const claimPollMs = 50
/** Bytes that took longer than this, in ms, are noted once more when they are all there: the note must not be old by then. */
const noteAgainMs = 60_000
/**
 * How long after its bytes a blob may be recorded, in ms. Collections remember for an hour what they took, so whoever comes
 * later could not be told that the bytes are gone again.
 */
const recordWithinMs = 10 * 60_000

/**
 * Bytes on their way in. One request at a time works on an upload: it claims the row, which any replica sees. Hashes run
 * along with the bytes and are kept in this process between chunks; where one is missing (another replica, a restart), the
 * bytes are read once more at the end. A blob is recorded only after its bytes are durable.
 */
export function localUploads({ db, cache, blobs, gates, turns }: LocalOptions): Uploads {
  const hashes = new LRUCache<string, Running>({ max: 10_000 })
  // A crowd of uploads is noted by a few statements: one each would wear out the connections.
  const note = gathering((digests: Digest[]) => noteStrays(db.relaxed, digests), 200)

  return {
    async startUpload(name, by, algorithm) {
      const project = await getProject(name)
      const id = randomUUID()
      await db.relaxed.run(sql`
        insert into upload (id, project_id, repository, account_id, algorithm, stage)
        values (${id}, ${project.id}, ${name}, ${by.id}, ${algorithm}, ${JSON.stringify(blobs.stage(id))}::jsonb)`)
      failpoint('upload.created')
      return { id, size: 0 }
    },

    async findUpload(name, id) {
      const row = await db.row<{ stage: Stage }>(sql`select stage from upload where id = ${id} and repository = ${name}`)
      if (!row) throw new OciError('BLOB_UPLOAD_UNKNOWN')
      return { id, size: row.stage.size }
    },

    appendUpload: (name, id, bytes, at) => claimed(name, id, (upload) => append(upload, bytes, at)),

    finishUpload: (name, id, by, digest, bytes, at) =>
      claimed(name, id, async (upload) => {
        const whole = upload.stage.size === 0 && (at ?? 0) === 0
        const size = await (whole ? storeWhole(digest, bytes) : storeStaged(upload, digest, bytes, at)).catch(async (error: unknown) => {
          // A wrong digest ends the upload (C-48): nobody could tell which of its bytes were wrong.
          if (error instanceof OciError && error.code === 'DIGEST_INVALID') await abandon(upload)
          throw error
        })
        return record(name, by, { digest, size }, (tx) => dropClaimed(tx, upload))
      }),

    async cancelUpload(name, id) {
      const row = await db.row<{ stage: Stage }>(sql`delete from upload where id = ${id} and repository = ${name} returning stage`)
      if (!row) throw new OciError('BLOB_UPLOAD_UNKNOWN')
      await blobs.discard(row.stage)
    },

    async writeBlob(name, by, digest, bytes) {
      await getProject(name)
      const size = await storeWhole(digest, bytes)
      return record(name, by, { digest, size })
    },

    async mountBlob(name, by, from, digest) {
      const project = await getProject(name)
      return lookingAgain(() => db.transaction(async (tx) => {
        const source = await tx.row<{ size: number }>(sql`
          select blob.size from blob join repository_blob held on held.blob_id = blob.id join repository on repository.id = held.repository_id
          where blob.digest = ${digest} and repository.name = ${from}`)
        if (!source) return false
        await passGates(gates, tx, { kind: 'blob', project, repository: name, digest, size: source.size })
        const repository = await ensureRepository(tx, project, name, by)
        return linkBlob(tx, repository.id, from, digest)
      }))
    },
  }

  async function getProject(name: RepositoryName): Promise<Project> {
    const project = await findProject({ db, cache }, projectOf(name))
    if (!project) throw new OciError('NAME_UNKNOWN', `the project ${projectOf(name)} does not exist`)
    return project
  }

  /** The usual case: all bytes in one request, straight to their place, visible only once the digest is right. */
  async function storeWhole(digest: Digest, bytes: Bytes): Promise<number> {
    const size = await blobs.write(blobPath(digest), noted(digest, bytes), (_, hex) => checkDigest(digest, `${algorithmOf(digest)}:${hex}` as Digest), algorithmOf(digest))
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
    const { size } = await append(upload, bytes, at)
    checkDigest(digest, await digestOfStage(upload, algorithmOf(digest)))
    await note(digest)
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
    const usable = takeHash(upload) ?? (stage.size === 0 ? { hash: createHash(algorithm), size: 0, algorithm, grownBy: null } : undefined)
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
    if (usable && counted === longer.size) hashes.set(id, { ...usable, size: counted, grownBy: upload.claim })
    const kept = await db.relaxed.run(
      sql`update upload set stage = ${JSON.stringify(longer)}::jsonb, grown_by = ${upload.claim}, updated_at = now() where id = ${id} and claim = ${upload.claim}`,
    )
    if (kept === 0) throw new OciError('BLOB_UPLOAD_UNKNOWN')
    if (cut !== undefined) throw cut
    return { id, size: longer.size }
  }

  /** The hash over exactly the bytes that the store holds, if this process has it: another may have written since. */
  function takeHash({ id, stage, grownBy }: Claimed): Running | undefined {
    const running = hashes.get(id)
    hashes.delete(id)
    return running?.size === stage.size && running.grownBy === grownBy ? running : undefined
  }

  async function digestOfStage(upload: Claimed, algorithm: DigestAlgorithm): Promise<Digest> {
    const { stage } = upload
    const running = takeHash(upload)
    if (running?.algorithm === algorithm) return finishDigest(running.hash, algorithm)
    const hash = createHash(algorithm)
    for await (const chunk of (await blobs.readStage(stage)) as AsyncIterable<Buffer>) hash.update(chunk)
    return finishDigest(hash, algorithm)
  }

  /** The one transaction that makes durable bytes a blob of the repository. */
  async function record(name: RepositoryName, by: Actor, blob: BlobStat, also?: (tx: Tx) => Promise<void>): Promise<BlobStat> {
    const project = await getProject(name)
    const writtenAt = performance.now()
    const save = (repositoryOf: (tx: Tx) => Promise<Repository>) =>
      db.transaction(async (tx) => {
        if (performance.now() - writtenAt > recordWithinMs) throw new OciError('UNAVAILABLE', 'this took too long: push the blob again', { headers: { 'retry-after': '1' } })
        await passGates(gates, tx, { kind: 'blob', project, repository: name, ...blob })
        const repository = await repositoryOf(tx)
        await saveBlob(tx, repository.id, blob)
        failpoint('blob.linked')
        await also?.(tx)
      })
    const saveInTurn = () => turns.take(project.name, () => save((tx) => ensureRepository(tx, project, name, by)))
    for (let look = 1; ; look++) {
      try {
        await saveInTurn()
        return blob
      } catch (error) {
        if (look === looks) throw error
        if (isDoubtful(error)) await rescue(blob, error)
        // The repository or the blob's row was deleted between being found and being used: make it anew.
        else if (!isReferenceViolation(error)) throw error
      }
    }
  }

  /** A collection took these very bytes, or is about to: whoever sent them is asked for them once more when they are gone. */
  async function rescue({ digest, size }: BlobStat, cause: unknown): Promise<void> {
    const areThere = async () => (await blobs.find(blobPath(digest)))?.size === size
    if (await db.transaction((tx) => rescueBytes(tx, digest, areThere))) return
    throw new OciError('BLOB_UPLOAD_UNKNOWN', 'the same bytes were being removed: start again', { cause, headers: { 'retry-after': '1' } })
  }

  async function dropClaimed(tx: Tx, { id, claim }: Claimed) {
    if ((await tx.run(sql`delete from upload where id = ${id} and claim = ${claim}`)) === 0) throw new OciError('BLOB_UPLOAD_UNKNOWN')
  }

  /** Waits a little for the request that has the upload: it is about to finish it, or was cut and is about to let go. */
  async function tryToClaim(name: RepositoryName, id: string, claim: string) {
    for (let waited = 0; ; waited += claimPollMs) {
      const row = await claimRow(name, id, claim)
      if (!row?.busy || waited >= claimPatienceMs) return row
      await sleep(claimPollMs)
    }
  }

  function claimRow(name: RepositoryName, id: string, claim: string) {
    return db.relaxed.row<{ stage: Stage; algorithm: DigestAlgorithm; grownBy: string | null; busy: boolean }>(sql`
      with old as (select id, claim is not null and claimed_at > now() - make_interval(secs => ${claimSeconds}) as busy from upload where id = ${id} and repository = ${name} for update)
      update upload set claim = case when old.busy then upload.claim else ${claim}::uuid end,
        claimed_at = case when old.busy then claimed_at else now() end
      from old where upload.id = old.id returning stage, algorithm, grown_by as "grownBy", old.busy`)
  }

  /** Runs `work` while no other request, on any replica, may touch the upload. */
  async function claimed<Result>(name: RepositoryName, id: string, work: (upload: Claimed) => Promise<Result>): Promise<Result> {
    const claim = randomUUID()
    const row = await tryToClaim(name, id, claim)
    if (!row) throw new OciError('BLOB_UPLOAD_UNKNOWN')
    if (row.busy) throw new OciError('CONFLICT', 'another request is writing to this upload', { headers: { 'retry-after': '1' } })
    const renewal = setInterval(() => {
      db.relaxed.run(sql`update upload set claimed_at = now() where id = ${id} and claim = ${claim}`).catch(() => {})
    }, (claimSeconds * 1000) / 3)
    try {
      return await work({ name, id, claim, stage: row.stage, algorithm: row.algorithm, grownBy: row.grownBy })
    } catch (error) {
      if (!(error instanceof BlobMissing)) throw error
      // A crash came between the move of the bytes to their place and the commit: nothing is left here to go on with (F04).
      await db.run(sql`delete from upload where id = ${id} and claim = ${claim}`)
      throw new OciError('BLOB_UPLOAD_UNKNOWN', 'the bytes of this upload are gone: start again', { cause: error })
    } finally {
      clearInterval(renewal)
      await db.relaxed.run(sql`update upload set claim = null where id = ${id} and claim = ${claim}`).catch(() => {})
    }
  }
}

function checkDigest(wanted: Digest, found: Digest) {
  if (wanted !== found) throw new OciError('DIGEST_INVALID', 'the digest does not match the uploaded bytes', { detail: { provided: wanted, computed: found } })
}

/** 416 with the place to go on from, as "Pushing a blob in chunks" asks. */
function rangeInvalid(name: RepositoryName, id: string, size: number): OciError {
  return new OciError('RANGE_INVALID', `the next byte of this upload is number ${size}`, {
    headers: { location: `/v2/${name}/blobs/uploads/${id}`, range: `0-${Math.max(0, size - 1)}`, 'docker-upload-uuid': id },
  })
}
