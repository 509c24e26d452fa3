import type { Db } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { dropExpired } from '../undelete/index.ts'
import { collectBlobs } from './blobs.ts'
import { collectBytes, forgetGone } from './bytes.ts'
import { openCounts } from './counts.ts'
import { openLines } from './lines.ts'
import { openPace } from './pace.ts'
import type { Collection, Run, Totals } from './run.ts'
import { deleteUntagged } from './untagged.ts'

/**
 * Frees what nothing holds, while pushes, pulls and deletes go on. The cost grows with the entries in the queues, not
 * with the registry. A run can be killed anywhere and run again, also beside another run. An error while looking for
 * garbage ends the run with that error: a failed query never makes something garbage. The steps are ordered so that
 * what holds something is removed before it, bytes last.
 */
export async function collect(collection: Collection): Promise<Totals> {
  const { db, log, options } = collection
  const lines = openLines(log)
  const run = await begin(collection, lines.say)
  const estimate = await countDue(db, run.before)
  log(
    (options.isDryRun ? 'a dry run: nothing is deleted; ' : '') +
      `what was unused before ${run.before.toISOString()} is garbage; about ${estimate} things to look at`,
  )
  run.told = () => collection.progress({ ...run.totals, estimate })
  if (run.earlier && !options.isDryRun) log(`goes on after an earlier try: ${summary(run)}`)
  let isThrough = false
  try {
    await walk(run)
    isThrough = true
  } finally {
    // A run that is cut short or fails keeps what it has done, so it reports that too.
    run.told()
    lines.rest()
    log(`${isThrough ? '' : 'cut short; until then '}${summary(run)}`, 'INFO', 'last word')
  }
  if (run.totals.failed > 0)
    throw new Error(
      `${run.totals.failed} files could not be ${options.isDryRun ? 'looked at' : 'removed; the next run tries again'}`,
    )
  return run.totals
}

async function walk(run: Run): Promise<void> {
  const { db, options } = run
  if (options.isUntaggedGarbage && run.step()) await deleteUntagged(run)
  if (!options.isDryRun && run.step()) await dropExpired(db, options.keepMs, () => run.step())
  if (run.step()) await collectBlobs(run)
  if (run.step()) await collectBytes(run, openPace(options.perSecond))
  if (!options.isDryRun) await forgetGone(db)
}

async function begin(collection: Collection, say: Run['say']): Promise<Run> {
  const { db, signal, options, earlier, keep } = collection
  // A Date has no microseconds. Rounded up, so that without a delay a blob released in this very millisecond is due.
  const { before } = (await db.row<{ before: Date }>(sql`
    select date_trunc('milliseconds', clock_timestamp() - make_interval(secs => ${options.delayMs / 1000}))
      + interval '1 millisecond' as before`))!
  let [isOver, hasBegun] = [false, false]
  const step = () => {
    signal.throwIfAborted()
    if (!isOver && !options.mayGoOn()) {
      isOver = true
      tellOutside(collection, hasBegun)
    }
    hasBegun = true
    return !isOver
  }
  const totals = {
    artifacts: 0,
    links: 0,
    blobs: 0,
    files: 0,
    freed: 0,
    ...(options.isDryRun ? {} : earlier),
    failed: 0,
  }
  const counted = openCounts({ db, totals, keep: async (tx, done) => keep?.(tx, done) })
  return { ...collection, before, step, told: () => {}, counted, say, totals }
}

/** Warns when the run began outside of the time window: its schedule does not fit the window. */
function tellOutside({ log, options: { begins = 'another time' } }: Collection, hasBegun: boolean): void {
  if (hasBegun)
    log(
      `the time window is over: the next run goes on from here once it begins again at ${begins}`,
      'INFO',
      'last word',
    )
  else log(`outside of the time window nothing is collected: it begins at ${begins}`, 'WARNING', 'last word')
}

/** The most queue entries that are matched with each other to count each blob once. */
const matched = 1_000_000

/**
 * Counts the due entries of the queues. A blob with entries in several queues counts once, but with more than a million
 * entries it counts several times: matching tens of millions would exceed the time limit of a statement.
 */
async function countDue(db: Db, before: Date): Promise<number> {
  const row = (await db.row<{ blobs: number; files: number }>(sql`
    select
      (select count(*) from unused_link where noted_at < ${before})
        + (select count(*) from released_link where released_at < ${before})
        + (select count(*) from blob_candidate where noted_at < ${before}) as blobs,
      (select count(*) from stray where gone_at is null and noted_at < ${before}) as files`))!
  if (row.blobs > matched) return row.blobs + row.files
  const once = await db.row<{ count: number }>(sql`
    select count(*) from (
      select blob_id from unused_link where noted_at < ${before}
      union select blob_id from released_link where released_at < ${before}
      union select blob_id from blob_candidate where noted_at < ${before}) due`)
  return once!.count + row.files
}

function summary({ totals: { artifacts, links, blobs, files, freed, failed }, options }: Run): string {
  const would = options.isDryRun ? 'would be ' : ''
  return (
    `${artifacts} untagged artifacts, ${links} holds of repositories, ${blobs} blobs and ${files} files ` +
    `${would}removed; ${freed} bytes ${would}freed` +
    (failed > 0 ? `; ${failed} files could not be removed` : '')
  )
}
