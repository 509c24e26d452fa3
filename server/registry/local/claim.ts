import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Digest, DigestAlgorithm } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import { BlobMissing, type Stage } from '../../platform/blobs/blobs.ts'
import { DatabaseUnavailable, type Db, type Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { batching } from '../../platform/gather.ts'
import type { Taken, YoungUploads } from './young.ts'

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
  /** Set while it may have no row yet. */
  young?: Taken
  /** True once the upload is gone, so that there is no claim to give back. */
  isOver?: true
}

/** A request that wants to work on an upload. */
type Asked = { name: RepositoryName; id: string; claim: string }
type ClaimRow = Pick<Claimed, 'stage' | 'algorithm' | 'grownBy' | 'committing'> & { busy: boolean }

/** How long a claim on an upload lasts unless it is renewed, in s; it is renewed after a third of this. */
const claimSeconds = 30
/** How long a request waits for an upload that another request has claimed, and how long between two looks, in ms. */
const claimPatienceMs = 3000
const claimPollMs = 50
/** How long a request waits for a row that another process may be about to write, in ms. */
const arrivalMs = 1000

type Work<Result> = (upload: Claimed) => Promise<Result>

/** Returns the function that runs `work` while no other request, on any replica, may touch the upload. */
export function openClaims(db: Db, young: Pick<YoungUploads, 'written' | 'mayArrive'>) {
  // A crowd of uploads is claimed by a few statements: one each was a tenth of what a small push costs.
  const ask = batching({
    ask: (asked: Asked[]) => claimRows(db.relaxed, asked),
    isCommon: (error) => error instanceof DatabaseUnavailable,
    atMost: 100,
  })
  return async <Result>(name: RepositoryName, id: string, work: Work<Result>): Promise<Result> => {
    await young.written(id)
    const claim = randomUUID()
    const row = await tryToClaim(ask, { name, id, claim }, young.mayArrive(id))
    if (!row) throw new OciError('BLOB_UPLOAD_UNKNOWN')
    if (row.busy) {
      const headers = { 'retry-after': '1' }
      throw new OciError('CONFLICT', 'another request is writing to this upload', { headers })
    }
    const { busy: _, ...rest } = row
    return working(db, { name, id, claim, ...rest }, work)
  }
}

type Ask = (asked: Asked) => Promise<ClaimRow | undefined>

/** Runs `work` on an upload that this request has claimed, and gives the claim back. */
export async function working<Result>(db: Db, upload: Claimed, work: Work<Result>): Promise<Result> {
  const { id, claim } = upload
  const renewal = setInterval(
    () => {
      db.relaxed.run(sql`update upload set claimed_at = now() where id = ${id} and claim = ${claim}`).catch(() => {})
    },
    (claimSeconds * 1000) / 3,
  )
  try {
    return await work(upload)
  } catch (error) {
    if (!(error instanceof BlobMissing)) throw error
    // A crash came after the bytes were moved to the blob's place and before the commit: the upload cannot go on (F04).
    await db.run(sql`delete from upload where id = ${id} and claim = ${claim}`)
    // Bytes that were moved to their place are not lost, and no news for an operator.
    const cause = upload.committing === null ? { cause: error } : {}
    throw new OciError('BLOB_UPLOAD_UNKNOWN', 'the bytes of this upload are gone: start again', cause)
  } finally {
    clearInterval(renewal)
    if (!upload.isOver && (await (upload.young?.release() ?? true)))
      await db.relaxed.run(sql`update upload set claim = null where id = ${id} and claim = ${claim}`).catch(() => {})
  }
}

/**
 * Ends uploads whose bytes became blobs. Throws BLOB_UPLOAD_UNKNOWN when another request has the claim on one by now.
 */
export async function dropClaimed(tx: Queryable, uploads: Pick<Claimed, 'id' | 'claim'>[]): Promise<void> {
  const ids = uploads.map(({ id }) => id)
  const dropped = await tx.run(sql`
    delete from upload using unnest(${ids}::uuid[], ${uploads.map(({ claim }) => claim)}::uuid[]) as one (id, claim)
    where upload.id = any(${ids}::uuid[]) and upload.id = one.id and upload.claim = one.claim`)
  if (dropped < uploads.length) throw new OciError('BLOB_UPLOAD_UNKNOWN')
}

/** How long a query of an upload waits for a request that writes to it, in ms; a broken one has let go by then. */
const settlePatienceMs = 1500

/** An upload once no request writes to it any more; as it is now when a request writes for longer than the wait. */
export async function settled(
  db: Db,
  name: RepositoryName,
  id: string,
  mayArrive: boolean,
): Promise<{ stage: Stage } | undefined> {
  for (let waited = 0; ; waited += claimPollMs) {
    const row = await db.row<{ stage: Stage; busy: boolean }>(sql`
      select stage, claim is not null and claimed_at > now() - make_interval(secs => ${claimSeconds}) as busy
      from upload where id = ${id} and repository = ${name}`)
    if (row ? !row.busy || waited >= settlePatienceMs : !mayArrive || waited >= arrivalMs) return row
    await sleep(claimPollMs)
  }
}

/** Waits up to 3 s for a request that has claimed the upload: it may finish soon, or was cut and lets go soon. */
async function tryToClaim(ask: Ask, asked: Asked, mayArrive: boolean): Promise<ClaimRow | undefined> {
  for (let waited = 0; ; waited += claimPollMs) {
    const row = await ask(asked)
    if (row ? !row.busy || waited >= claimPatienceMs : !mayArrive || waited >= arrivalMs) return row
    await sleep(claimPollMs)
  }
}

/** Claims all of these uploads that are free; undefined stands for one that does not exist. */
async function claimRows(db: Queryable, asked: Asked[]): Promise<(ClaimRow | undefined)[]> {
  if (asked.length === 1) return [await claimRow(db, asked[0]!)]
  // One request for each upload, in the order of their ids.
  const each = [...new Map(asked.map((one) => [one.id, one])).values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const rows = await db.rows<ClaimRow & { wanted: string }>(sql`
    with old as (
      select one.id, asked.claim as wanted, one.busy
      from unnest(
          ${each.map(({ id }) => id)}::uuid[],
          ${each.map(({ name }) => name)}::text[],
          ${each.map(({ claim }) => claim)}::uuid[]) as asked (id, repository, claim),
        lateral (
          select id, upload.claim is not null
            and claimed_at > now() - make_interval(secs => ${claimSeconds}) as busy
          from upload where upload.id = asked.id and upload.repository = asked.repository
          for update skip locked) one)
    update upload set claim = case when old.busy then upload.claim else old.wanted end,
      claimed_at = case when old.busy then claimed_at else now() end
    from old where upload.id = old.id
    returning old.wanted, stage, algorithm, grown_by as "grownBy", committing, old.busy`)
  const found = new Map(rows.map(({ wanted, ...row }) => [wanted, row]))
  // What is missing does not exist, or its row is locked at this moment, or another request asked for it just now.
  return Promise.all(asked.map(async (one) => found.get(one.claim) ?? (await claimRow(db, one))))
}

function claimRow(db: Queryable, { name, id, claim }: Asked): Promise<ClaimRow | undefined> {
  return db.row<ClaimRow>(sql`
    with old as (
      select id, claim is not null and claimed_at > now() - make_interval(secs => ${claimSeconds}) as busy
      from upload where id = ${id} and repository = ${name} for update)
    update upload set claim = case when old.busy then upload.claim else ${claim}::uuid end,
      claimed_at = case when old.busy then claimed_at else now() end
    from old where upload.id = old.id returning stage, algorithm, grown_by as "grownBy", committing, old.busy`)
}
