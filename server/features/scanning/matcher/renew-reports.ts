import { setImmediate } from 'node:timers/promises'
import type { Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { summarize, unite } from '../reports/finding.ts'
import { changeLinks, lockFindings, type BriefFinding } from '../reports/findings.ts'
import { saveSummaries, type ReportSummary } from '../reports/store.ts'
import { findSubjects } from '../sboms/store.ts'
import type { Generation } from './database/store.ts'
import { coverOf } from './image.ts'
import { newOf, newsKey, tellFound } from './news.ts'
import { describeMatcher, reportType } from './own-scanner.ts'
import { listFindingIds } from './package-findings.ts'
import { kindsOf, lockLastReports, packagesOf, type Contents, type LastReport } from './pages.ts'

/** What renewing lends: `taskId` is that of the job. */
export type RenewGround = { scannerId: string; rules: { staleMs: number }; job: { taskId: number } }
/**
 * Packages whose findings have to be saved before, or to be saved again, as the sweep has taken some of them; or into
 * how many parts the images have to be cut.
 */
export type NotYet = { unsaved: number[] } | { swept: number[] } | { parts: number }

/** Images that are compared in one turn of the event loop. */
const imagesPerTurn = 20
/** Findings of all images of one transaction: others wait for its locks. An image with more is written by itself. */
const mostFindings = 30_000

/**
 * Writes the reports of images anew, from the findings of their packages as `savePackageFindings` has saved them, with
 * the same result as a scan of each by itself. `generation`: held; all packages in `contents` are matched with it, and
 * no statement is about one of the images alone. Returns how many reports were written, or what has to be done before.
 */
export async function renewReports(
  tx: Tx,
  ground: RenewGround,
  { contents, generation, imageIds }: { contents: Contents; generation: Generation; imageIds: number[] },
): Promise<number | NotYet> {
  const known = await listFindingIds(tx, packagesOf(contents, imageIds))
  const unsaved = [...known].flatMap(([id, ids]) => (ids ? [] : [id]))
  if (unsaved.length > 0) return { unsaved: unsaved.toSorted((one, other) => one - other) }
  const count = sumOf(imageIds, (image) => sumOf(contents.get(image)!, ({ id }) => known.get(id)?.length ?? 0))
  if (count > mostFindings && imageIds.length > 1) return { parts: Math.ceil(count / mostFindings) }
  const images = await lockImages(tx, imageIds)
  const last = await lockLastReports(tx, ground.scannerId, images)
  const wanted = [...known.values(), ...[...last.values()].map((one) => one.findingIds)]
  const findings = await lockFindings(tx, [...new Set(wanted.flatMap((ids) => ids ?? []))])
  const swept = [...known].flatMap(([id, ids]) => (ids!.every((one) => findings.has(one)) ? [] : [id]))
  if (swept.length > 0) return { swept }
  const now = new Date()
  const reports: NewReport[] = []
  for (const [index, artifactId] of images.entries()) {
    const packages = contents.get(artifactId)!
    const found = unite(
      packages.flatMap(({ id }) => known.get(id) ?? []).map((id) => findings.get(id)!),
      ({ key }) => key,
    )
    const { state } = coverOf(kindsOf(packages), generation, ground.rules, now)
    reports.push({ artifactId, state, summary: summarize(found), found, last: last.get(artifactId) })
    // Other work of the process goes on.
    if (index % imagesPerTurn === imagesPerTurn - 1) await setImmediate()
  }
  const saved = await saveReports(tx, ground, generation, reports)
  await tellNews(
    tx,
    generation.id,
    reports.filter(({ artifactId }) => saved.has(artifactId)),
    findings,
  )
  return saved.size
}

const sumOf = <One>(all: One[], countOf: (one: One) => number): number =>
  all.reduce((sum, one) => sum + countOf(one), 0)

type NewReport = ReportSummary & { found: BriefFinding[]; last: LastReport | undefined }

/** Only links that differ are written. Returns the ids of the reports that were saved, by the image. */
async function saveReports(
  tx: Tx,
  { scannerId, job }: RenewGround,
  { id: generation }: Generation,
  reports: NewReport[],
): Promise<Map<number, number>> {
  const about = { scannerId, taskId: job.taskId, mimeType: reportType, startedAt: new Date() }
  const saved = await saveSummaries(tx, { ...about, scanner: describeMatcher(generation), generation }, reports)
  const changes = reports.flatMap(({ artifactId, found, last }) => {
    const reportId = saved.get(artifactId)
    return reportId === undefined ? [] : [linksOf(reportId, last?.findingIds ?? [], found)]
  })
  await changeLinks(tx, {
    added: changes.flatMap(({ added }) => added),
    removed: changes.flatMap(({ removed }) => removed),
  })
  await tx.run(sql`delete from raw_report where report_id = any(${[...saved.values()]}::bigint[])`)
  return saved
}

function linksOf(reportId: number, before: number[], found: BriefFinding[]) {
  const [had, has] = [new Set(before), new Set(found.map(({ id }) => id))]
  const linksTo = (ids: Set<number>, but: Set<number>) =>
    [...ids].flatMap((findingId) => (but.has(findingId) ? [] : [{ reportId, findingId }]))
  return { added: linksTo(has, had), removed: linksTo(had, has) }
}

async function tellNews(
  tx: Tx,
  generation: number,
  reports: NewReport[],
  findings: ReadonlyMap<number, BriefFinding>,
): Promise<void> {
  const news = new Map<number, BriefFinding[]>()
  for (const { artifactId, found, last } of reports) {
    if (!last || last.generation === null) continue
    const keys = new Set(last.findingIds.map((id) => newsKey(findings.get(id)!)))
    const fresh = newOf({ generation: last.generation, keys }, generation, found)
    if (fresh.length > 0) news.set(artifactId, fresh)
  }
  if (news.size > 0) await tellFound(tx, generation, news, await findSubjects(tx, [...news.keys()]))
}

/** Locks images so that they are not deleted meanwhile. Returns those that are there, in the order of their ids. */
async function lockImages(tx: Tx, imageIds: number[]): Promise<number[]> {
  const rows = await tx.rows<{ id: number }>(
    sql`select id from artifact where id = any(${imageIds}::bigint[]) order by id for key share`,
  )
  return rows.map(({ id }) => id)
}
