import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import { imageFindingsKey } from '../../../catalog/artifact.ts'
import type { Reader } from '../../../catalog/reader.ts'
import { keyOf } from '../../../platform/cache/keys.ts'
import type { Queryable, Tx } from '../../../platform/db/db.ts'
import { sql, type Sql } from '../../../platform/db/sql.ts'
import type { Status } from '../../../platform/jobs/type.ts'
import type { ScannerDescription } from '../scanners/scanner.ts'
import { rankOf, severities, summarize, unite, type Finding, type ReportState, type Summary } from './finding.ts'
import { linkFindings, saveFindings } from './findings.ts'

/** Beside the event loop: an answer has up to 64 MiB. */
const [compress, decompress] = [promisify(zstdCompress), promisify(zstdDecompress)]

export type NewReport = {
  artifactId: number
  scannerId: string
  /** The task that made the report; of two, the one with the greater id is the newer. */
  taskId: number
  /** As which a scanner reports; '' of Marina's own matcher. */
  mimeType: string
  scanner: ScannerDescription
  /** At most 100,000. */
  findings: Finding[]
  state?: ReportState
  /** Of the database of Marina's own matcher. */
  generation?: number | null
  startedAt: Date
  /** The scanner's answer as it came. */
  raw?: Buffer
}

/**
 * Saves a finished report in the place of the one before: findings, links, summary and the scanner's own words, all or
 * nothing. Returns the ids of the findings that the image did not have before; undefined, and nothing is changed, when
 * a newer task has made its report already. Throws a reference violation when the image or the scanner is gone.
 */
export async function saveReport(
  tx: Tx,
  report: NewReport,
): Promise<{ id: number; summary: Summary; added: number[] } | undefined> {
  const findings = unite(report.findings)
  const summary = summarize(findings)
  const { artifactId, state = 'ok' } = report
  const id = (await saveSummaries(tx, report, [{ artifactId, state, summary }])).get(artifactId)
  if (id === undefined) return undefined
  const added = await linkFindings(tx, id, await saveFindings(tx, findings))
  if (report.raw) {
    const content = await compress(report.raw)
    await tx.run(sql`
      insert into raw_report (report_id, content) values (${id}, ${content})
      on conflict (report_id) do update set content = excluded.content`)
  } else {
    await tx.run(sql`delete from raw_report where report_id = ${id}`)
  }
  return { id, summary, added }
}

/** What reports that are made together have in common. */
type Made = Pick<NewReport, 'scannerId' | 'taskId' | 'mimeType' | 'scanner' | 'generation' | 'startedAt'>
/** What the row of one of them says. */
export type ReportSummary = { artifactId: number; state: ReportState; summary: Summary }

/**
 * Saves the rows of reports, without their findings. Returns their ids by the image; a report that a newer task has
 * made already is not among them, and is not changed. A look that was asked for later stays the newest, and is still to
 * come.
 */
export async function saveSummaries(
  tx: Tx,
  { scannerId, taskId, mimeType, scanner, generation = null, startedAt }: Made,
  reports: ReportSummary[],
): Promise<Map<number, number>> {
  tx.changes(...reports.flatMap(({ artifactId }) => finishedKeys(scannerId, artifactId)))
  const rows = await tx.rows<{ id: number; artifactId: number }>(sql`
    insert into vulnerability_report as known (
      artifact_id, scanner_id, task_id, made_by, is_made, started_at, ended_at, mime_type, scanner, state, generation,
      severity, total, fixable, counts)
    select one.artifact, ${scannerId}::uuid, ${taskId}::bigint, ${taskId}::bigint, true, ${startedAt}::timestamptz,
      clock_timestamp(), ${mimeType}, ${JSON.stringify(scanner)}::jsonb, one.state, ${generation}::bigint,
      one.severity, one.total, one.fixable, one.counts::integer[]
    from unnest(
      ${reports.map(({ artifactId }) => artifactId)}::bigint[], ${reports.map(({ state }) => state)}::text[],
      ${reports.map(({ summary }) => rankOf(summary.severity))}::smallint[],
      ${reports.map(({ summary }) => summary.total)}::integer[],
      ${reports.map(({ summary }) => summary.fixable)}::integer[],
      ${reports.map(({ summary }) => `{${summary.counts.join(',')}}`)}::text[]
    ) as one (artifact, state, severity, total, fixable, counts)
    order by one.artifact
    on conflict (artifact_id, scanner_id) do update
      set is_made = known.is_made or known.task_id is null or known.task_id <= excluded.task_id,
        task_id = greatest(known.task_id, excluded.task_id), made_by = excluded.made_by,
        started_at = excluded.started_at, ended_at = excluded.ended_at, mime_type = excluded.mime_type,
        scanner = excluded.scanner, state = excluded.state, generation = excluded.generation,
        severity = excluded.severity, total = excluded.total, fixable = excluded.fixable, counts = excluded.counts
      where known.made_by is null or known.made_by <= excluded.made_by
    returning id, artifact_id as "artifactId"`)
  return new Map(rows.map(({ id, artifactId }) => [artifactId, id]))
}

/** The last report of an image that was finished. */
export type Finished = Summary & {
  mimeType: string
  scanner: ScannerDescription
  state: ReportState
  generation: number | null
  startedAt: Date
  endedAt: Date
}

/**
 * The newest look at an image, with its status and times; `finished` is the last look that was finished, this one or
 * one before. `reportId` names it in the API, `id` in the database.
 */
export type ReportRow = {
  id: number
  artifactId: number
  scannerId: string
  reportId: string
  taskId: number | null
  status: Status
  startedAt: Date | null
  endedAt: Date | null
  finished: Finished | null
}

/** A report that no task is about to change; `null`: the scanner has none. */
type Stable = { row: ReportRow | null }

/** `vulnerability_report:<scanner>:<artifact>`; a transaction that changes the row names the key. */
const reportKey = keyOf('vulnerability_report', 'scanner_id', 'artifact_id')

/** The keys of all that is cached of an image's finished report: its row for lists, and what the pull gate reads. */
export const finishedKeys = (scannerId: string, artifactId: number): string[] => [
  reportKey(scannerId, artifactId),
  imageFindingsKey(artifactId),
]

/**
 * The reports of images by a scanner: one row for each image that has any, in no order. Those that no task is about to
 * change come from the cache, all others by one query. A look whose task is gone before it was finished counts as none.
 */
export async function listOverviewsBy(
  { db, cache }: Reader,
  scannerId: string,
  artifactIds: number[],
): Promise<ReportRow[]> {
  const changing = new Map<number, ReportRow>()
  const load = async (ids: number[]) => {
    const rows = new Map((await readOverviews(db, sql`${scannerId}::uuid`, ids)).map((row) => [row.artifactId, row]))
    for (const row of rows.values()) if (!isStable(row)) changing.set(row.artifactId, row)
    const stable = ids.flatMap((id): [number, Stable][] =>
      changing.has(id) ? [] : [[id, { row: rows.get(id) ?? null }]],
    )
    return new Map(stable)
  }
  const known = await cache.many(artifactIds, (id) => reportKey(scannerId, id), load, sizeOfStable)
  return artifactIds.flatMap((id) => known.get(id)?.row ?? changing.get(id) ?? [])
}

const isStable = ({ status }: ReportRow) => status === 'Success'
const sizeOfStable = ({ row }: Stable) => (row ? 900 : 100)

/** The same by the scanner that each image's own project uses, read from the database. */
export function listOverviews(db: Queryable, artifactIds: number[]): Promise<ReportRow[]> {
  const ofProject = sql`
    select project_scanner.scanner_id from artifact
      join repository on repository.id = artifact.repository_id
      join project_scanner on project_scanner.project_id = repository.project_id
    where artifact.id = artifact_id`
  return readOverviews(db, sql`coalesce((${ofProject}), (select id from scanner where is_default))`, artifactIds)
}

type Stored = Omit<Finished, 'severity' | 'startedAt' | 'endedAt'> &
  Omit<ReportRow, 'finished' | 'status'> & { rank: number; isMade: boolean }

async function readOverviews(db: Queryable, scannerId: Sql, artifactIds: number[]): Promise<ReportRow[]> {
  const rows = await db.rows<Stored>(sql`
    select id, artifact_id as "artifactId", scanner_id as "scannerId", report_id as "reportId", task_id as "taskId",
      is_made as "isMade", started_at as "startedAt", ended_at as "endedAt", severity as rank,
      mime_type as "mimeType", scanner, state, generation, total, fixable, counts
    from vulnerability_report
    where artifact_id = any(${artifactIds}::bigint[]) and scanner_id = ${scannerId}
    order by artifact_id`)
  const tasks = await readTasks(db, rows)
  return rows.flatMap((row) => overviewOf(row, tasks.get(row.taskId ?? -1)) ?? [])
}

type TaskState = { id: number; status: Status; startedAt: Date | null; endedAt: Date | null }

/** The tasks of looks that have not been finished; most pages have none. */
async function readTasks(db: Queryable, rows: Stored[]): Promise<Map<number, TaskState>> {
  const ids = rows.flatMap(({ isMade, taskId }) => (isMade || taskId === null ? [] : [taskId]))
  if (ids.length === 0) return new Map()
  const tasks = await db.rows<TaskState>(sql`
    select id, status, started_at as "startedAt", ended_at as "endedAt" from task where id = any(${ids}::bigint[])`)
  return new Map(tasks.map((task) => [task.id, task]))
}

/** Undefined for a look whose task is gone, unless an earlier one was finished. */
function overviewOf({ isMade, rank, ...stored }: Stored, task: TaskState | undefined): ReportRow | undefined {
  const { id, artifactId, scannerId, reportId, taskId, startedAt, endedAt, ...made } = stored
  if (!task && !endedAt) return undefined
  const finished = endedAt && startedAt ? { ...made, severity: severities[rank]!, startedAt, endedAt } : null
  const look = isMade || !task ? { status: 'Success' as const, startedAt, endedAt } : task
  const { status, startedAt: began, endedAt: ended } = look
  return { id, artifactId, scannerId, reportId, taskId, finished, status, startedAt: began, endedAt: ended }
}

/** The scanner's answer as it came; undefined when none is kept. */
export async function findRawReport(db: Queryable, id: number): Promise<Buffer | undefined> {
  const row = await db.row<{ content: Buffer }>(sql`select content from raw_report where report_id = ${id}`)
  return row && decompress(row.content)
}

/** Locks the reports of images by a scanner, and makes those that are missing. Returns the images being looked into. */
export async function lockReports(tx: Tx, scannerId: string, artifactIds: number[]): Promise<Map<number, Status>> {
  await tx.run(sql`
    insert into vulnerability_report (artifact_id, scanner_id)
    select id, ${scannerId}::uuid from artifact where id = any(${artifactIds}::bigint[]) order by id
    on conflict do nothing`)
  const rows = await tx.rows<{ id: number; status: Status | null }>(sql`
    select artifact_id as id, case when not is_made then (
        select status from task where task.id = task_id and status in ('Pending', 'Running')) end as status
    from vulnerability_report
    where scanner_id = ${scannerId}::uuid and artifact_id = any(${artifactIds}::bigint[])
    order by artifact_id for update`)
  return new Map(rows.flatMap(({ id, status }) => (status ? [[id, status] as const] : [])))
}

/** Notes the task that looks into each image next. What was found before stays until then. */
export async function noteScans(
  tx: Tx,
  scannerId: string,
  tasks: { artifactId: number; taskId: number }[],
): Promise<void> {
  tx.changes(...tasks.map(({ artifactId }) => reportKey(scannerId, artifactId)))
  await tx.run(sql`
    update vulnerability_report set report_id = gen_random_uuid(), task_id = one.task, is_made = false
    from unnest(
      ${tasks.map(({ artifactId }) => artifactId)}::bigint[],
      ${tasks.map(({ taskId }) => taskId)}::bigint[]) as one (artifact, task)
    where artifact_id = one.artifact and scanner_id = ${scannerId}::uuid`)
}

/** Those of the images whose newest look by the scanner was finished. */
export async function listMade(tx: Queryable, scannerId: string, artifactIds: number[]): Promise<number[]> {
  const rows = await tx.rows<{ id: number }>(sql`
    select artifact_id as id from vulnerability_report
    where scanner_id = ${scannerId}::uuid and artifact_id = any(${artifactIds}::bigint[]) and is_made`)
  return rows.map(({ id }) => id)
}

/** The newest looks at images by all scanners, also those that the project uses no more: for their logs. */
export function listAllReports(
  db: Queryable,
  artifactIds: number[],
): Promise<Pick<ReportRow, 'artifactId' | 'reportId' | 'taskId'>[]> {
  return db.rows(sql`
    select artifact_id as "artifactId", report_id as "reportId", task_id as "taskId" from vulnerability_report
    where artifact_id = any(${artifactIds}::bigint[])`)
}
