import type { Db } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { dropExpired } from '../undelete/index.ts'
import { collectBlobs } from './blobs.ts'
import { collectBytes, forgetGone } from './bytes.ts'
import { openPace } from './pace.ts'
import type { Collection, Run, Totals } from './run.ts'
import { deleteUntagged } from './untagged.ts'

/**
 * Frees what nobody holds, while pushes, pulls and deletes go on. Costs what lies in the queues. Can be killed anywhere and
 * run again, also at the same time as another. Any error while finding out what is garbage ends it with that error; nothing
 * is ever garbage because a question failed. Order of the steps: what holds others first, bytes last.
 */
export async function collect(collection: Collection): Promise<Totals> {
  const { db, log, options } = collection
  const run = await begin(collection)
  const estimate = await countDue(db, run.before)
  log(`${options.isDryRun ? 'a dry run: nothing is deleted; ' : ''}what was unused before ${run.before.toISOString()} is garbage; about ${estimate} things to look at`)
  run.told = () => collection.progress({ ...run.totals, estimate })
  if (options.isUntaggedGarbage && run.step()) await deleteUntagged(run)
  if (!options.isDryRun && run.step()) await dropExpired(db, options.keepMs, () => run.step())
  if (run.step()) await collectBlobs(run)
  if (run.step()) await collectBytes(run, openPace(options.perSecond))
  if (!options.isDryRun) await forgetGone(db)
  run.told()
  log(summary(run))
  if (run.totals.failed > 0) throw new Error(`${run.totals.failed} files could not be removed; the next run tries again`)
  return run.totals
}

async function begin(collection: Collection): Promise<Run> {
  const { db, signal, log, options } = collection
  const { before } = (await db.row<{ before: Date }>(sql`select clock_timestamp() - make_interval(secs => ${options.delayMs / 1000}) as before`))!
  let isOver = false
  const step = () => {
    signal.throwIfAborted()
    if (!isOver && !options.mayGoOn()) {
      isOver = true
      log('the time window is over: the next run goes on from here')
    }
    return !isOver
  }
  return { ...collection, before, step, told: () => {}, totals: { artifacts: 0, links: 0, blobs: 0, files: 0, freed: 0, failed: 0 } }
}

/** Entries of the queues that are due. */
async function countDue(db: Db, before: Date): Promise<number> {
  const row = await db.row<{ count: number }>(sql`
    select (select count(*) from unused_link where noted_at < ${before}) + (select count(*) from released_link where released_at < ${before})
      + (select count(*) from blob_candidate where noted_at < ${before}) + (select count(*) from stray where gone_at is null and noted_at < ${before}) as count`)
  return row!.count
}

function summary({ totals: { artifacts, links, blobs, files, freed, failed }, options }: Run): string {
  const did = options.isDryRun ? 'would go' : 'gone'
  return `${artifacts} untagged artifacts, ${links} holds of repositories, ${blobs} blobs and ${files} files ${did}; ${freed} bytes ${options.isDryRun ? 'would be free' : 'freed'}${failed > 0 ? `; ${failed} files could not be removed` : ''}`
}
