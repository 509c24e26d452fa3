import { setImmediate } from 'node:timers/promises'
import type { Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { summarize, unite } from '../reports/finding.ts'
import { changeLinks, lockFindings, type BriefFinding } from '../reports/findings.ts'
import { saveSummaries, type ReportSummary } from '../reports/store.ts'
import { findSubjects } from '../sboms/store.ts'
import type { Generation } from './database/store.ts'
import { coverOf, listOwnReasons } from './image.ts'
import { newOf, newsKey, tellFound } from './news.ts'
import { describeMatcher, reportType } from './own-scanner.ts'
import { listFindingIds } from './package-findings.ts'
import { kindsOf, listPurls, lockLastReports, packagesOf, type Contents, type LastReport } from './pages.ts'

/** What renewing lends: `taskId` is that of the job; `startedAt`: when the look has begun, now when absent. */
export type RenewGround = { scannerId: string; rules: { staleMs: number }; job: { taskId: number }; startedAt?: Date }
/** A report that was written; `notes`: what it cannot say, and why, a sentence each. */
export type Written = {
  artifactId: number
  total: number
  packages: number
  /** Of the database; null without one. */
  generation: number | null
  notes: string[]
}
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
 * Writes the reports of images anew, from the findings of their packages as `savePackageFindings` has saved them.
 * `generation`: held, and all packages in `contents` are matched with it; without a database nothing is found. Returns
 * the reports that were written, or what has to be done before.
 */
export async function renewReports(
  tx: Tx,
  ground: RenewGround,
  { contents, generation, imageIds }: { contents: Contents; generation: Generation | undefined; imageIds: number[] },
): Promise<Written[] | NotYet> {
  const known = generation ? await listFindingIds(tx, packagesOf(contents, imageIds)) : new Map<number, number[]>()
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
  const foundIn = await finderOf(tx, { contents, generation, images, known, findings })
  const now = new Date()
  const reports: NewReport[] = []
  for (const [index, artifactId] of images.entries()) {
    const packages = contents.get(artifactId)!
    const found = foundIn(artifactId)
    const { state, notes } = coverOf(kindsOf(packages), generation, ground.rules, now)
    const about = { artifactId, state, notes, packages: packages.length }
    reports.push({ ...about, summary: summarize(found), found, last: last.get(artifactId) })
    // Other work of the process goes on.
    if (index % imagesPerTurn === imagesPerTurn - 1) await setImmediate()
  }
  const saved = await saveReports(tx, ground, generation, reports)
  const written = reports.filter(({ artifactId }) => saved.has(artifactId))
  if (generation) await tellNews(tx, generation.id, written, findings)
  return written.map(({ artifactId, summary, packages, notes }) => {
    return { artifactId, total: summary.total, packages, generation: generation?.id ?? null, notes }
  })
}

type Known = {
  contents: Contents
  generation: Generation | undefined
  images: number[]
  /** Ids of findings, by the package. */
  known: ReadonlyMap<number, number[] | null>
  findings: ReadonlyMap<number, BriefFinding>
}

/** What is found in an image: all that is of its packages, but for what statements about this image alone take away. */
async function finderOf(
  tx: Tx,
  { contents, generation, images, known, findings }: Known,
): Promise<(image: number) => BriefFinding[]> {
  const reasons = generation ? await listOwnReasons(tx, images, generation.id) : new Map<number, never>()
  const purls = await listPurls(tx, packagesOf(contents, [...reasons.keys()]))
  return (image) => {
    const reasonOf = reasons.get(image)
    const all = contents.get(image)!.flatMap(({ id }) => {
      const found = (known.get(id) ?? []).map((one) => findings.get(one)!)
      return reasonOf ? found.filter((one) => reasonOf(purls.get(id)!, one) === undefined) : found
    })
    return unite(all, ({ key }) => key)
  }
}

const sumOf = <One>(all: One[], countOf: (one: One) => number): number =>
  all.reduce((sum, one) => sum + countOf(one), 0)

type NewReport = ReportSummary &
  Pick<Written, 'packages' | 'notes'> & { found: BriefFinding[]; last: LastReport | undefined }

/** Only links that differ are written. Returns the ids of the reports that were saved, by the image. */
async function saveReports(
  tx: Tx,
  { scannerId, job, startedAt = new Date() }: RenewGround,
  current: Generation | undefined,
  reports: NewReport[],
): Promise<Map<number, number>> {
  const generation = current?.id ?? null
  const about = { scannerId, taskId: job.taskId, mimeType: reportType, startedAt }
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
