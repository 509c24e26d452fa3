import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Digest, DigestAlgorithm } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import { BlobMissing, type Stage } from '../../platform/blobs/blobs.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'

/** An upload while one request works on it; `grownBy` is the claim of the request that last added bytes. */
export type Claimed = {
  name: RepositoryName
  id: string
  claim: string
  stage: Stage
  algorithm: DigestAlgorithm
  grownBy: string | null
  /** The digest under which its bytes were being moved to their place (committed.ts). */
  committing: Digest | null
}

type ClaimRow = Pick<Claimed, 'stage' | 'algorithm' | 'grownBy' | 'committing'> & { busy: boolean }

/** How long a claim on an upload lasts unless it is renewed, in s; it is renewed after a third of this. */
const claimSeconds = 30
/** How long a request waits for an upload that another request has claimed, and how long between two looks, in ms. */
const claimPatienceMs = 3000
const claimPollMs = 50

/** Runs `work` while no other request, on any replica, may touch the upload. */
export async function claimed<Result>(
  db: Db,
  name: RepositoryName,
  id: string,
  work: (upload: Claimed) => Promise<Result>,
): Promise<Result> {
  const claim = randomUUID()
  const row = await tryToClaim(db, name, id, claim)
  if (!row) throw new OciError('BLOB_UPLOAD_UNKNOWN')
  if (row.busy) {
    const headers = { 'retry-after': '1' }
    throw new OciError('CONFLICT', 'another request is writing to this upload', { headers })
  }
  const renewal = setInterval(
    () => {
      db.relaxed.run(sql`update upload set claimed_at = now() where id = ${id} and claim = ${claim}`).catch(() => {})
    },
    (claimSeconds * 1000) / 3,
  )
  try {
    const { busy: _, ...upload } = row
    return await work({ name, id, claim, ...upload })
  } catch (error) {
    if (!(error instanceof BlobMissing)) throw error
    // A crash came after the bytes were moved to the blob's place and before the commit: the upload cannot go on (F04).
    await db.run(sql`delete from upload where id = ${id} and claim = ${claim}`)
    // Bytes that were moved to their place are not lost, and no news for an operator.
    const cause = row.committing === null ? { cause: error } : {}
    throw new OciError('BLOB_UPLOAD_UNKNOWN', 'the bytes of this upload are gone: start again', cause)
  } finally {
    clearInterval(renewal)
    await db.relaxed.run(sql`update upload set claim = null where id = ${id} and claim = ${claim}`).catch(() => {})
  }
}

/** Ends an upload whose bytes became a blob. Throws BLOB_UPLOAD_UNKNOWN when another request has the claim by now. */
export async function dropClaimed(tx: Tx, { id, claim }: Claimed): Promise<void> {
  const dropped = await tx.run(sql`delete from upload where id = ${id} and claim = ${claim}`)
  if (dropped === 0) throw new OciError('BLOB_UPLOAD_UNKNOWN')
}

/** How long a query of an upload waits for a request that writes to it, in ms; a broken one has let go by then. */
const settlePatienceMs = 1500

/** An upload once no request writes to it any more; as it is now when a request writes for longer than the wait. */
export async function settled(db: Db, name: RepositoryName, id: string): Promise<{ stage: Stage } | undefined> {
  for (let waited = 0; ; waited += claimPollMs) {
    const row = await db.row<{ stage: Stage; busy: boolean }>(sql`
      select stage, claim is not null and claimed_at > now() - make_interval(secs => ${claimSeconds}) as busy
      from upload where id = ${id} and repository = ${name}`)
    if (!row?.busy || waited >= settlePatienceMs) return row
    await sleep(claimPollMs)
  }
}

/** Waits up to 3 s for a request that has claimed the upload: it may finish soon, or was cut and lets go soon. */
async function tryToClaim(db: Db, name: RepositoryName, id: string, claim: string): Promise<ClaimRow | undefined> {
  for (let waited = 0; ; waited += claimPollMs) {
    const row = await claimRow(db, name, id, claim)
    if (!row?.busy || waited >= claimPatienceMs) return row
    await sleep(claimPollMs)
  }
}

function claimRow(db: Db, name: RepositoryName, id: string, claim: string): Promise<ClaimRow | undefined> {
  return db.relaxed.row<ClaimRow>(sql`
    with old as (
      select id, claim is not null and claimed_at > now() - make_interval(secs => ${claimSeconds}) as busy
      from upload where id = ${id} and repository = ${name} for update)
    update upload set claim = case when old.busy then upload.claim else ${claim}::uuid end,
      claimed_at = case when old.busy then claimed_at else now() end
    from old where upload.id = old.id returning stage, algorithm, grown_by as "grownBy", committing, old.busy`)
}
