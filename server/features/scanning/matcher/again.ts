import type { Db, Queryable } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { handler, jobType, type Job, type JobHandler } from '../../../platform/jobs/type.ts'
import type { ReportState } from '../reports/finding.ts'
import { finishedKeys } from '../reports/store.ts'
import { dropGeneration, findCurrent, holdCurrent, listOutdated, type Generation } from './database/store.ts'
import { coverOf } from './image.ts'
import { matchPackages, packageColumns, type PackageRow } from './match.ts'
import { findOwnScanner } from './own-scanner.ts'
import { renewReport } from './renew.ts'

/** Matches all images again, from the rows of their packages: no image is read for it. */
export const matchJob = ({ timeoutMs }: { timeoutMs: number }) =>
  jobType({ name: 'VULNDB_MATCH', isAlone: true, maxTries: 5, countsLosses: false, timeoutMs, keep: 20 })
export type MatchJob = ReturnType<typeof matchJob>

type Ground = { db: Db; rules: { staleMs: number } }
/** Packages, and images, of one transaction. */
const [mostPackages, mostImages] = [500, 200]

/**
 * Brings what is known of packages and images to the database in use, in batches; a job that was cut short goes on with
 * what is left. Removes databases that nobody needs any more.
 */
export function matchHandler(type: MatchJob, { db, rules }: Ground): JobHandler {
  return handler(type, async (job) => {
    for (const { id } of await listOutdated(db)) await dropGeneration(db, id, job.signal)
    const packages = await matchAllPackages(db, job)
    const images = await matchAllImages(db, rules, job)
    job.log(`packages: ${packages}, images: ${images.looked}, of these changed: ${images.renewed}`, 'INFO', 'last word')
    return { attrs: { packages, ...images } }
  })
}

/** Each version of a package is matched once, however many images have it. */
async function matchAllPackages(db: Db, job: Job): Promise<number> {
  let count = 0
  for (let after = 0; ;) {
    job.signal.throwIfAborted()
    const rows = await db.transaction(async (tx) => {
      const generation = await holdCurrent(tx)
      if (!generation) return []
      const found = await tx.rows<PackageRow>(sql`
        select ${packageColumns} from package
        where id > ${after} and matched_generation is distinct from ${generation.id}
        order by id limit ${mostPackages} for no key update`)
      if (found.length > 0) await matchPackages(tx, generation.id, found)
      return found
    })
    count += rows.length
    job.progress({ packages: count })
    if (rows.length < mostPackages) return count
    after = rows.at(-1)!.id
  }
}

type ImageRow = { id: number; isReported: boolean; generation: number | null; isChanged: boolean }

/** Of most images nothing has changed: their reports only name the new database. */
async function matchAllImages(db: Db, rules: Ground['rules'], job: Job): Promise<{ looked: number; renewed: number }> {
  const counts = { looked: 0, renewed: 0 }
  const scanner = await findOwnScanner(db)
  if (!scanner) return counts
  for (let after = 0; ;) {
    job.signal.throwIfAborted()
    const generation = await findCurrent(db)
    const rows = await listImages(db, scanner.id, after)
    const same = rows.filter((one) => one.isReported && !one.isChanged)
    await noteSame(db, scanner.id, same, generation, rules)
    for (const { id, isReported, isChanged } of rows) {
      if ((isReported && !isChanged) || !generation) continue
      job.signal.throwIfAborted()
      if (await renewReport(db, { artifactId: id, scannerId: scanner.id, job, rules })) counts.renewed++
    }
    counts.looked += rows.length
    job.progress({ images: counts.looked, renewed: counts.renewed })
    if (rows.length < mostImages) return counts
    after = rows.at(-1)!.id
  }
}

/** Images with known packages that the matcher has reported on, or is the scanner of. */
function listImages(db: Queryable, scannerId: string, after: number): Promise<ImageRow[]> {
  return db.rows<ImageRow>(sql`
    select image_inventory.artifact_id as id, report.ended_at is not null as "isReported", report.generation,
      exists (
        select from image_package join package on package.id = package_id
        where image_package.artifact_id = image_inventory.artifact_id
          and changed_generation > coalesce(report.generation, 0)) as "isChanged"
    from image_inventory
      join artifact on artifact.id = image_inventory.artifact_id
      join repository on repository.id = artifact.repository_id
      left join project_scanner on project_scanner.project_id = repository.project_id
      left join vulnerability_report report
        on report.artifact_id = image_inventory.artifact_id and report.scanner_id = ${scannerId}::uuid
    where image_inventory.artifact_id > ${after} and (
      report.ended_at is not null
      or coalesce(project_scanner.scanner_id, (select id from scanner where is_default)) = ${scannerId}::uuid)
    order by image_inventory.artifact_id limit ${mostImages}`)
}

/** Notes the database of reports whose findings are the same; what it covers may be other than before. */
async function noteSame(
  db: Db,
  scannerId: string,
  images: ImageRow[],
  generation: Generation | undefined,
  rules: Ground['rules'],
): Promise<void> {
  if (images.length === 0) return
  const ids = images.map(({ id }) => id)
  const kinds = await db.rows<{ id: number; type: string; ecosystem: string }>(sql`
    select distinct artifact_id as id, type, ecosystem from image_package join package on package.id = package_id
    where artifact_id = any(${ids}::bigint[])`)
  const byImage = Map.groupBy(kinds, ({ id }) => id)
  const now = new Date()
  const states: ReportState[] = ids.map((id) => coverOf(byImage.get(id) ?? [], generation, rules, now).state)
  await db.transaction(async (tx) => {
    const changed = await tx.rows<{ id: number }>(sql`
      update vulnerability_report
      set state = one.state, generation = coalesce(${generation?.id ?? null}, generation)
      from unnest(${ids}::bigint[], ${states}::text[]) as one (id, state)
      where artifact_id = one.id and scanner_id = ${scannerId}::uuid
        and (generation, vulnerability_report.state) is distinct from (${generation?.id ?? null}::bigint, one.state)
      returning artifact_id as id`)
    tx.changes(...changed.flatMap(({ id }) => finishedKeys(scannerId, id)))
  })
}

/** Reports that were good until the database grew too old, in batches. */
export async function markStale(db: Db, { staleMs }: Ground['rules'], signal: AbortSignal): Promise<void> {
  const [current, scanner] = await Promise.all([findCurrent(db), findOwnScanner(db)])
  if (!scanner || !current?.dataAt || Date.now() - Number(current.dataAt) <= staleMs) return
  for (let count = mostImages; count === mostImages && !signal.aborted;) {
    count = await db.transaction(async (tx) => {
      const changed = await tx.rows<{ id: number }>(sql`
        update vulnerability_report set state = 'stale_database'
        where id in (
          select id from vulnerability_report
          where scanner_id = ${scanner.id}::uuid and state = 'ok' and generation = ${current.id}
          order by id limit ${mostImages} for no key update)
        returning artifact_id as id`)
      tx.changes(...changed.flatMap(({ id }) => finishedKeys(scanner.id, id)))
      return changed.length
    })
  }
}
