import type { Db } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { handler, jobType, type Job, type JobHandler } from '../../../platform/jobs/type.ts'
import { failpoint } from '../../../platform/failpoint.ts'
import { finishedKeys } from '../reports/store.ts'
import { keepUnchanged } from './database/changes.ts'
import { dropGeneration, findCurrent, holdCurrent, listOutdated } from './database/store.ts'
import { matchPackages, packageColumns, type PackageRow } from './match.ts'
import { findOwnScanner } from './own-scanner.ts'
import { listPage } from './pages.ts'
import { renewPage } from './renew-page.ts'

/** Matches all images again, from the rows of their packages: no image is read for it. */
export const matchJob = ({ timeoutMs }: { timeoutMs: number }) =>
  jobType({ name: 'VULNDB_MATCH', isAlone: true, maxTries: 5, countsLosses: false, timeoutMs, keep: 20 })
export type MatchJob = ReturnType<typeof matchJob>

type Ground = { db: Db; rules: { staleMs: number } }
/** Packages that are matched, packages that stay as they are, and reports, of one transaction. */
const [mostPackages, mostKept, mostReports] = [500, 5000, 200]

/**
 * Brings what is known of packages and images to the database in use, in batches; a job that was cut short goes on with
 * what is left. Removes databases that nobody needs any more.
 */
export function matchHandler(type: MatchJob, { db, rules }: Ground): JobHandler {
  return handler(type, async (job) => {
    for (const { id } of await listOutdated(db)) await dropGeneration(db, id, job.signal)
    const packages = await matchAllPackages(db, job)
    const images = await matchAllImages(db, rules, job)
    const ofPackages = `packages: ${packages.packages}, as before: ${packages.unchanged}`
    job.log(`${ofPackages}, images: ${images.looked}, of these changed: ${images.renewed}`, 'INFO', 'last word')
    return { attrs: { ...packages, ...images } }
  })
}

/** Each version of a package is matched once, however many images have it; those whose records are the same are not. */
async function matchAllPackages(db: Db, job: Job): Promise<{ packages: number; unchanged: number }> {
  const counts = { packages: 0, unchanged: 0 }
  for (let after = 0; ;) {
    job.signal.throwIfAborted()
    const part = await db.row<{ last: number | null }>(sql`
      select max(id) as last from (select id from package where id > ${after} order by id limit ${mostKept}) as part`)
    if (!part?.last) return counts
    const { last } = part
    counts.unchanged += await db.transaction(async (tx) => {
      const generation = await holdCurrent(tx)
      return generation ? keepUnchanged(tx, generation.id, after, last) : 0
    })
    counts.packages += await matchPart(db, job, after, last)
    job.progress(counts)
    after = last
  }
}

async function matchPart(db: Db, job: Job, from: number, last: number): Promise<number> {
  let count = 0
  for (let after = from; ;) {
    job.signal.throwIfAborted()
    const rows = await db.transaction(async (tx) => {
      const generation = await holdCurrent(tx)
      if (!generation) return []
      const found = await tx.rows<PackageRow>(sql`
        select ${packageColumns} from package
        where id > ${after} and id <= ${last} and matched_generation is distinct from ${generation.id}
        order by id limit ${mostPackages} for no key update`)
      if (found.length > 0) await matchPackages(tx, generation.id, found)
      return found
    })
    count += rows.length
    if (rows.length < mostPackages) return count
    after = rows.at(-1)!.id
  }
}

/** Of most images nothing has changed: their reports only name the new database. */
async function matchAllImages(db: Db, rules: Ground['rules'], job: Job): Promise<{ looked: number; renewed: number }> {
  const counts = { looked: 0, renewed: 0 }
  const scanner = await findOwnScanner(db)
  if (!scanner) return counts
  const ground = { db, rules, scannerId: scanner.id, job, signal: job.signal }
  for (let after = 0; ;) {
    job.signal.throwIfAborted()
    const { images, isLast } = await listPage(db, scanner.id, after)
    if (images.length > 0) counts.renewed += await renewPage(ground, images)
    counts.looked += images.length
    job.progress({ images: counts.looked, renewed: counts.renewed })
    failpoint('vulndb.page')
    if (isLast) return counts
    after = images.at(-1)!.id
  }
}

/** Reports that were good until the database grew too old, in batches. */
export async function markStale(db: Db, { staleMs }: Ground['rules'], signal: AbortSignal): Promise<void> {
  const [current, scanner] = await Promise.all([findCurrent(db), findOwnScanner(db)])
  if (!scanner || !current?.dataAt || Date.now() - Number(current.dataAt) <= staleMs) return
  for (let count = mostReports; count === mostReports && !signal.aborted;) {
    count = await db.transaction(async (tx) => {
      const changed = await tx.rows<{ id: number }>(sql`
        update vulnerability_report set state = 'stale_database'
        where id in (
          select id from vulnerability_report
          where scanner_id = ${scanner.id}::uuid and state = 'ok' and generation = ${current.id}
          order by id limit ${mostReports} for no key update)
        returning artifact_id as id`)
      tx.changes(...changed.flatMap(({ id }) => finishedKeys(scanner.id, id)))
      return changed.length
    })
  }
}
