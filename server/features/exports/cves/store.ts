import type { Queryable } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { severities } from '../../scanning/index.ts'
import type { Cell } from '../csv.ts'
import { takersOf, type CveFilter, type Takers } from './filter.ts'

/** Harbor's columns, in its order. */
export const cveColumns = [
  'Repository',
  'Artifact Digest',
  'CVE',
  'Package',
  'Current Version',
  'Fixed in version',
  'Severity',
  'CWE Ids',
  'Additional Data',
  'Scanner',
] as const

/** Rows per query, which are also the most rows in memory at a time. */
const page = 500

type Report = { id: number; repository: string; digest: string; tags: string[]; scanner: string; total: number }

type Found = {
  findingId: number
  cveId: string
  package: string
  version: string
  fixedVersion: string
  rank: number
  cwes: string[] | null
  vendorAttributes: object | null
}

/** Yields the findings of a project's images page by page, by the scanner that the project uses. */
export async function* pagesOfCves(
  db: Queryable,
  projectId: number,
  filter: CveFilter,
  signal: AbortSignal,
  onReport: () => void,
): AsyncGenerator<Cell[][]> {
  const takers = takersOf(filter)
  for await (const report of reportsOf(db, projectId, filter, takers, signal)) {
    onReport()
    yield* pagesOfReport(db, report, takers, signal)
  }
}

async function* reportsOf(
  db: Queryable,
  projectId: number,
  { labels }: CveFilter,
  takers: Takers,
  signal: AbortSignal,
): AsyncGenerator<Report> {
  for (let after = 0; ;) {
    signal.throwIfAborted()
    const rows = await db.rows<Report>(sql`
      select report.id, repository.name as repository, artifact.digest, report.total, scanner.name as scanner,
        array(select name::text from tag where tag.artifact_id = artifact.id order by name limit 1000) as tags
      from vulnerability_report report
        join artifact on artifact.id = report.artifact_id
        join repository on repository.id = artifact.repository_id
        join scanner on scanner.id = report.scanner_id
      where repository.project_id = ${projectId} and report.ended_at is not null and report.id > ${after}
        and report.scanner_id = coalesce(
          (select scanner_id from project_scanner where project_id = ${projectId}),
          (select id from scanner where is_default))
        and (${labels}::bigint[] = '{}' or exists (
          select from artifact_label held
          where held.artifact_id = artifact.id and held.label_id = any(${labels}::bigint[])))
      order by report.id limit ${page}`)
    for (const row of rows) {
      const name = row.repository.slice(row.repository.indexOf('/') + 1)
      if (row.total > 0 && takers.repository(name) && takers.tags(row.tags)) yield row
    }
    if (rows.length < page) return
    after = rows.at(-1)!.id
  }
}

async function* pagesOfReport(
  db: Queryable,
  report: Report,
  { cve }: Takers,
  signal: AbortSignal,
): AsyncGenerator<Cell[][]> {
  for (let after = 0; ;) {
    signal.throwIfAborted()
    const rows = await db.rows<Found>(sql`
      select finding.id as "findingId", cve_id as "cveId", package, version, fixed_version as "fixedVersion",
        severity as rank, details -> 'cweIds' as cwes, details -> 'vendorAttributes' as "vendorAttributes"
      from report_finding join finding on finding.id = finding_id
      where report_id = ${report.id} and finding_id > ${after} order by finding_id limit ${page}`)
    const taken = rows.filter(({ cveId }) => cve(cveId))
    if (taken.length > 0) yield taken.map((one) => cellsOf(report, one))
    if (rows.length < page) return
    after = rows.at(-1)!.findingId
  }
}

function cellsOf({ repository, digest, scanner }: Report, one: Found): Cell[] {
  return [
    repository,
    digest,
    one.cveId,
    one.package,
    one.version,
    one.fixedVersion,
    severities[one.rank]!,
    one.cwes?.join(',') ?? '',
    one.vendorAttributes ? JSON.stringify(one.vendorAttributes) : '',
    scanner,
  ]
}

/** The most reports that an export looks at, for its progress. */
export async function countReports(db: Queryable, projectId: number): Promise<number> {
  const row = await db.row<{ count: number }>(sql`
    select count(*) from vulnerability_report report
      join artifact on artifact.id = report.artifact_id
      join repository on repository.id = artifact.repository_id
    where repository.project_id = ${projectId} and report.ended_at is not null`)
  return row!.count
}
