import type { Reader } from '../../../catalog/reader.ts'
import { sql } from '../../../platform/db/sql.ts'
import { findAllowlist, isInForce } from '../../cve-allowlist/index.ts'
import { readMetadata } from '../../projects/index.ts'
import { gateRulesOf, worstOf } from '../gate/rules.ts'
import { isScannable } from '../sboms/store.ts'
import { findScannerIdOf } from '../store.ts'
import type { ReportState } from './finding.ts'

type Row = { root: number; report: { id: number; counts: number[]; state: ReportState } | null }

/**
 * The rank of the worst finding of each artifact (an index in `severities`; 0 or less: none) that the allowlist in
 * force does not accept. Of an index the worst of its images counts. An artifact is left out while one of its images
 * has no finished report of the project's scanner, or one that says nothing of the whole image.
 */
export async function worstFindings(
  reader: Reader,
  projectId: number,
  artifactIds: number[],
): Promise<Map<number, number>> {
  const scannerId = await findScannerIdOf(reader, projectId)
  if (scannerId === null || artifactIds.length === 0) return new Map()
  const rows = await reader.db.rows<Row>(sql`
    select root.id as root, case when report.id is null then null else
      json_build_object('id', report.id, 'counts', report.counts, 'state', report.state) end as report
    from unnest(${artifactIds}::bigint[]) as root (id)
      cross join lateral (
        select root.id union select child_id from artifact_child where parent_id = root.id) as image (id)
      join artifact on artifact.id = image.id
      left join vulnerability_report report on report.artifact_id = image.id
        and report.scanner_id = ${scannerId}::uuid and report.ended_at is not null
    where ${isScannable}`)
  const accepted = await acceptedIn(reader, projectId)
  const reports = rows.flatMap(({ report }) => (report ? [report] : []))
  const ranks = new Map(reports.map(({ id, counts }) => [id, worstOf(counts)]))
  if (accepted.length > 0) for (const [id, rank] of await ranksBeside(reader, ranks, accepted)) ranks.set(id, rank)
  const worst = new Map<number, number>()
  for (const [root, images] of Map.groupBy(rows, (one) => one.root)) {
    const known = images.flatMap(({ report }) => (report?.state === 'ok' ? [ranks.get(report.id)!] : []))
    if (known.length === images.length) worst.set(root, Math.max(...known))
  }
  return worst
}

/** The vulnerabilities that the project's allowlist accepts now. */
async function acceptedIn(reader: Reader, projectId: number): Promise<string[]> {
  const { usesSystemList } = gateRulesOf(await readMetadata(reader, projectId))
  const list = await findAllowlist(reader, usesSystemList ? null : projectId)
  return list && isInForce(list, Date.now()) ? list.cves : []
}

/** The ranks of reports that have findings, without those of these vulnerabilities. */
async function ranksBeside(
  { db }: Reader,
  known: ReadonlyMap<number, number>,
  cves: string[],
): Promise<Map<number, number>> {
  const ids = [...known].flatMap(([id, rank]) => (rank > 0 ? [id] : []))
  const rows = await db.rows<{ id: number; worst: number }>(sql`
    select report_id as id, max(severity) as worst
    from report_finding join finding on finding.id = finding_id
    where report_id = any(${ids}::bigint[]) and cve_id <> all(${cves}::text[]) group by report_id`)
  const left = new Map(rows.map(({ id, worst }) => [id, worst]))
  return new Map(ids.map((id) => [id, left.get(id) ?? 0]))
}
