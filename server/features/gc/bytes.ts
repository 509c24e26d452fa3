import type { Digest } from '../../../oci/digest.ts'
import { blobPath } from '../../catalog/blob.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { failpoint } from '../../platform/failpoint.ts'
import type { Count, Run } from './run.ts'
import type { Pace } from './pace.ts'
import { watchStore, type WatchStore } from './store.ts'

/** The most files that a worker removes in one transaction, whose digests stay locked; never more than `perSecond`. */
const mostAtOnce = 10
const batch = 500
/** How long the database remembers that bytes are gone; longer than `recordWithinMs` of registry/local/upload.ts. */
const memory = sql`interval '1 hour'`

type Stray = { digest: Digest; size: number | null }

/**
 * Removes strays: bytes without a blob's row. First one transaction marks them as doomed; a later one locks the digest,
 * removes the bytes and marks them as gone. A push that writes the same bytes meanwhile is refused (guard_blobs).
 */
export async function collectBytes(run: Run, pace: Pace): Promise<void> {
  if (!run.options.isDryRun) await doomAbandoned(run)
  const watch = watchStore(run.blobs)
  for (let after = ''; run.step();) {
    const due = await listDue(run, after)
    if (due.length === 0) return
    await removeAll(run, pace, watch, due)
    after = due.at(-1)!.digest
  }
}

/** Dooms the bytes of pushes that were refused, or died before they recorded a blob; unmarks those with a blob. */
async function doomAbandoned({ db, before, step }: Run): Promise<void> {
  const recorded = () =>
    db.run(sql`
      delete from stray where digest in (
        select digest from stray where doomed_at is null and noted_at < ${before}
          and exists (select from blob where blob.digest = stray.digest)
        order by digest limit ${batch} for update skip locked)`)
  const abandoned = () =>
    db.run(sql`
      update stray set doomed_at = clock_timestamp() where digest in (
        select digest from stray where doomed_at is null and noted_at < ${before}
          and not exists (select from blob where blob.digest = stray.digest)
        order by digest limit ${batch} for update skip locked)`)
  for (const some of [recorded, abandoned]) while (step() && (await some()) === batch);
}

/** Lists doomed strays. A dry run has doomed nothing, so it lists the strays that a real run would doom. */
function listDue({ db, before, options }: Run, after: string): Promise<Stray[]> {
  return db.rows<Stray>(sql`
    select digest, size from stray
    where digest > ${after} and gone_at is null and noted_at < ${before}
      and (doomed_at is not null or ${options.isDryRun})
      and not exists (select from blob where blob.digest = stray.digest)
    order by digest limit ${batch}`)
}

/** When one worker fails, the others end after their current group: nothing is removed once the run has ended. */
async function removeAll(run: Run, pace: Pace, watch: WatchStore, due: Stray[]): Promise<void> {
  const left = groupsOf(due, Math.min(mostAtOnce, run.options.perSecond || mostAtOnce))
  const work = async () => {
    try {
      for (let some = left.shift(); some !== undefined && run.step(); some = left.shift())
        await (run.options.isDryRun ? countSome(run, watch, some) : removeSome(run, pace, watch, some))
    } catch (error) {
      left.length = 0
      throw error
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: run.options.workers }, work))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

function groupsOf(due: Stray[], size: number): Stray[][] {
  return Array.from({ length: Math.ceil(due.length / size) }, (_, index) => due.slice(index * size, (index + 1) * size))
}

async function countSome(run: Run, watch: WatchStore, some: Stray[]): Promise<void> {
  const { done, failures } = await tryAll(run, some, (one) => countOne(run, one))
  run.told()
  await watch(done.length, failures)
}

async function countOne({ blobs, totals, say }: Run, { digest }: Stray): Promise<void> {
  const found = await blobs.find(blobPath(digest))
  if (!found) return
  totals.files++
  totals.freed += found.size
  say('files', `would remove the bytes of ${digest} (${found.size} bytes): they belong to no blob`)
}

async function removeSome(run: Run, pace: Pace, watch: WatchStore, some: Stray[]): Promise<void> {
  await pace.take(some.length, run.signal)
  const { done, failures } = await run.counted(async (tx, count) => {
    // No wait for the disk: if a power cut loses this commit, the bytes stay doomed and the next run finds them gone.
    await tx.run(sql`set local synchronous_commit = off`)
    const locked = await lockSome(tx, run.before, some)
    const tried = await tryAll(run, locked, (one) => removeOne(run, one, count))
    failpoint('collect.removed')
    await tx.run(
      sql`update stray set gone_at = clock_timestamp()
        where digest = any(${tried.done.map(({ digest }) => digest)}::text[])`,
    )
    return tried
  })
  run.told()
  await watch(done.length, failures)
}

/** Locks strays and checks them again. Those that a push or another run has locked just now are skipped. */
function lockSome(tx: Tx, before: Date, some: Stray[]): Promise<Stray[]> {
  return tx.rows<Stray>(sql`
    select digest, size from stray
    where digest = any(${some.map(({ digest }) => digest)}::text[])
      and doomed_at is not null and gone_at is null and noted_at < ${before}
      and not exists (select from blob where blob.digest = stray.digest)
    order by digest for update skip locked`)
}

/** An earlier try that was killed may have removed the file without saving its count: then the retry counts it. */
async function removeOne({ blobs, earlier }: Run, { digest, size }: Stray, count: Count): Promise<void> {
  const found = size ?? (await blobs.find(blobPath(digest)))?.size ?? 0
  const isGoneSince = size !== null && earlier !== undefined
  if (!(await blobs.remove(blobPath(digest))) && !isGoneSince) return
  count({ files: 1, freed: found })
}

/** Tries all files. One that the storage refuses to remove stays doomed for the next run and stops no other one. */
async function tryAll(
  { totals, say, options }: Run,
  some: Stray[],
  step: (one: Stray) => Promise<void>,
): Promise<{ done: Stray[]; failures: unknown[] }> {
  const ends = await Promise.allSettled(some.map(step))
  const wanted = options.isDryRun ? 'looked at' : 'removed'
  const failures = ends.flatMap((end, index) => {
    if (end.status === 'fulfilled') return []
    totals.failed++
    say(
      `files that could not be ${wanted}`,
      `the bytes of ${some[index]!.digest} could not be ${wanted}: ${(end.reason as Error).message}`,
      'ERROR',
    )
    return [end.reason as unknown]
  })
  return { done: some.filter((_, index) => ends[index]!.status === 'fulfilled'), failures }
}

export async function forgetGone(db: Db): Promise<void> {
  const some = () =>
    db.run(
      sql`delete from stray where digest in (
        select digest from stray where gone_at < clock_timestamp() - ${memory}
        order by gone_at limit ${batch} for update skip locked)`,
    )
  while ((await some()) === batch);
}
