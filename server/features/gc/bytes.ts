import type { Digest } from '../../../oci/digest.ts'
import { blobPath } from '../../catalog/blob.ts'
import { StorageUnavailable } from '../../platform/blobs/blobs.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { failpoint } from '../../platform/failpoint.ts'
import type { Run } from './run.ts'
import type { Pace } from './pace.ts'

/** Files that one worker removes in one transaction, whose digests stay locked meanwhile. */
const atOnce = 10
const batch = 500
/** For how long it is remembered that bytes are gone; more than `recordWithinMs` of registry/local/upload.ts. */
const memory = sql`interval '1 hour'`

type Stray = { digest: Digest; size: number | null }

/**
 * Takes bytes that no blob row speaks for. First it is written down that they may be gone, then they go, under a lock on
 * the digest; only then that they are gone. Whoever writes the same bytes again meanwhile is told (guard_blobs).
 */
export async function collectBytes(run: Run, pace: Pace): Promise<void> {
  if (!run.options.isDryRun) await doomAbandoned(run)
  for (let after = ''; run.step(); ) {
    const due = await listDue(run, after)
    if (due.length === 0) return
    await removeAll(run, pace, due)
    run.told()
    after = due.at(-1)!.digest
  }
}

/** Bytes of pushes that were refused, or died before they told of them. */
async function doomAbandoned({ db, before, step }: Run): Promise<void> {
  const recorded = () => db.run(sql`
      delete from stray where digest in (
        select digest from stray where doomed_at is null and noted_at < ${before} and exists (select from blob where blob.digest = stray.digest)
        order by digest limit ${batch} for update skip locked)`)
  const abandoned = () => db.run(sql`
      update stray set doomed_at = clock_timestamp() where digest in (
        select digest from stray where doomed_at is null and noted_at < ${before} and not exists (select from blob where blob.digest = stray.digest)
        order by digest limit ${batch} for update skip locked)`)
  for (const some of [recorded, abandoned]) while (step() && (await some()) === batch);
}

/** A dry run has doomed nothing, so it counts those that would be. */
function listDue({ db, before, options }: Run, after: string): Promise<Stray[]> {
  return db.rows<Stray>(sql`
    select digest, size from stray where digest > ${after} and gone_at is null and noted_at < ${before} and (doomed_at is not null or ${options.isDryRun})
      and not exists (select from blob where blob.digest = stray.digest)
    order by digest limit ${batch}`)
}

async function removeAll(run: Run, pace: Pace, due: Stray[]): Promise<void> {
  const left = Array.from({ length: Math.ceil(due.length / atOnce) }, (_, index) => due.slice(index * atOnce, (index + 1) * atOnce))
  const work = async () => {
    for (let some = left.shift(); some !== undefined && run.step(); some = left.shift()) await (run.options.isDryRun ? countSome(run, some) : removeSome(run, pace, some))
  }
  await Promise.all(Array.from({ length: run.options.workers }, work))
}

async function countSome({ blobs, totals, log }: Run, some: Stray[]): Promise<void> {
  for (const { digest } of some) {
    const found = await blobs.find(blobPath(digest))
    if (!found) continue
    totals.files++
    totals.freed += found.size
    log(`would remove the bytes of ${digest} (${found.size} bytes): they belong to no blob`)
  }
}

async function removeSome(run: Run, pace: Pace, some: Stray[]): Promise<void> {
  await pace.take(some.length, run.signal)
  await run.db.transaction(async (tx) => {
    // Were this note lost with the power, the bytes stay doomed and the next run finds them gone: no wait for the disk.
    await tx.run(sql`set local synchronous_commit = off`)
    const locked = await lockSome(tx, run.before, some)
    const results = await Promise.all(locked.map((one) => removeOne(run, one)))
    failpoint('collect.removed')
    const gone = locked.filter((_, index) => results[index])
    await tx.run(sql`update stray set gone_at = clock_timestamp() where digest = any(${gone.map(({ digest }) => digest)}::text[])`)
  })
}

/** What somebody records or another run removes just now is theirs; looked at again under the lock. */
function lockSome(tx: Tx, before: Date, some: Stray[]): Promise<Stray[]> {
  return tx.rows<Stray>(sql`
    select digest, size from stray where digest = any(${some.map(({ digest }) => digest)}::text[]) and doomed_at is not null and gone_at is null and noted_at < ${before}
      and not exists (select from blob where blob.digest = stray.digest)
    order by digest for update skip locked`)
}

async function removeOne({ blobs, totals, log }: Run, { digest, size }: Stray): Promise<boolean> {
  try {
    const found = size ?? (await blobs.find(blobPath(digest)))?.size ?? 0
    if (!(await blobs.remove(blobPath(digest)))) return true
    totals.files++
    totals.freed += found
    return true
  } catch (error) {
    if (error instanceof StorageUnavailable) throw error
    totals.failed++
    log(`the bytes of ${digest} could not be removed: ${(error as Error).message}`, 'ERROR')
    return false
  }
}

export async function forgetGone(db: Db): Promise<void> {
  const some = () => db.run(sql`delete from stray where digest in (select digest from stray where gone_at < clock_timestamp() - ${memory} order by gone_at limit ${batch} for update skip locked)`)
  while ((await some()) === batch);
}
