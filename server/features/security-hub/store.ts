import type { Queryable } from '../../platform/db/db.ts'
import { oneOff, sql, type Sql } from '../../platform/db/sql.ts'
import { isOfSummaries, whereArtifact, whereFinding, type Wanted } from './query.ts'

/** Findings of all images by the default scanner. `counts`: by rank of severity, from None to Critical. */
export type Summary = { counts: number[]; total: number; fixable: number; scanned: number; artifacts: number }

/** Only finished reports of the default scanner count, as in Harbor. */
const isCounted = sql`
  report.scanner_id = (select id from scanner where is_default) and report.ended_at is not null`
const ofArtifact = sql`
  join artifact on artifact.id = report.artifact_id join repository on repository.id = artifact.repository_id`

export async function findSummary(db: Queryable): Promise<Summary> {
  const row = await db.row<Summary>(sql`
    select array[
        ${sumOf(1)}, ${sumOf(2)}, ${sumOf(3)}, ${sumOf(4)}, ${sumOf(5)}, ${sumOf(6)}, ${sumOf(7)}]::bigint[] as counts,
      coalesce(sum(total), 0)::bigint as total, coalesce(sum(fixable), 0)::bigint as fixable, count(*) as scanned,
      (select count(*) from artifact) as artifacts
    from vulnerability_report report where ${isCounted}`)
  return { ...row!, counts: row!.counts.map(Number) }
}

/** `at`: from 1, as PostgreSQL counts. */
const sumOf = (at: 1 | 2 | 3 | 4 | 5 | 6 | 7): Sql => sql`coalesce(sum(counts[${at}::int]), 0)`

export type DangerousCve = {
  cveId: string
  rank: number
  cvssV3: number | null
  package: string
  version: string
  description: string | null
}

/** The vulnerabilities with the highest scores that some image has. Those of several fixes or words are one. */
export async function listDangerousCves(db: Queryable, limit: number): Promise<DangerousCve[]> {
  const rows = await db.rows<DangerousCve>(sql`
    select cve_id as "cveId", severity as rank, cvss_v3 as "cvssV3", package, version,
      details ->> 'description' as description
    from finding
    where exists (
      select from report_finding join vulnerability_report report on report.id = report_finding.report_id
      where finding_id = finding.id and ${isCounted})
    order by cvss_v3 desc nulls last, id desc limit ${limit * 20}`)
  const known = new Map(rows.map((one) => [JSON.stringify([one.cveId, one.package, one.version]), one]))
  return [...known.values()].slice(0, limit)
}

export type DangerousArtifact = { projectId: number; repository: string; digest: string; counts: number[] }

/** The artifacts with the most critical findings; of those the ones with the most high ones, and so on. */
export function listDangerousArtifacts(db: Queryable, limit: number): Promise<DangerousArtifact[]> {
  return db.rows<DangerousArtifact>(sql`
    select repository.project_id as "projectId", repository.name as repository, artifact.digest, report.counts
    from (
      select artifact_id, counts from vulnerability_report report
      where ${isCounted} and severity >= 3
      order by counts[7] desc, counts[6] desc, counts[5] desc, counts[4] desc, id limit ${limit}) report
    ${ofArtifact}
    order by report.counts[7] desc, report.counts[6] desc, report.counts[5] desc, report.counts[4] desc, artifact.id`)
}

export type Vulnerability = {
  artifactId: number
  projectId: number
  repository: string
  digest: string
  cveId: string
  rank: number
  status: string
  cvssV3: number | null
  package: string
  version: string
  fixedVersion: string
  description: string | null
  links: string[] | null
}

type Part = { limit: number; offset: number }

/** One page of the findings, the highest score first. `few`: so few that all of them are read and sorted. */
export async function listFound(db: Queryable, wanted: Wanted, part: Part, few: boolean): Promise<Vulnerability[]> {
  const page = few ? sortedLinks(wanted, part) : walkedLinks(wanted, part)
  const rows = await db.rows<Vulnerability & { place: number }>(
    oneOff(sql`
      with page as materialized (${page}),
      placed as (select *, row_number() over () as place from page)
      select report.artifact_id as "artifactId", repository.project_id as "projectId",
        repository.name as repository, artifact.digest, finding.cve_id as "cveId", finding.severity as rank,
        finding.status, finding.cvss_v3 as "cvssV3", finding.package, finding.version,
        finding.fixed_version as "fixedVersion", finding.details ->> 'description' as description,
        finding.details -> 'links' as links
      from placed
        join finding on finding.id = placed.finding_id
        join vulnerability_report report on report.id = placed.report_id
        ${ofArtifact}
      order by placed.place`),
  )
  return rows
}

/**
 * Walks the findings in the order of their scores (indexes finding_score and finding_severity) and takes the images of
 * each in the order of their reports, until the page is full: fast where many findings fit, however many there are. A
 * nested loop keeps both orders, so that nothing is sorted.
 */
const walkedLinks = (wanted: Wanted, { limit, offset }: Part): Sql => sql`
  select finding.id as finding_id, link.report_id
  from (
      select id from finding where true ${whereFinding(wanted)}
      order by cvss_v3 desc nulls last, id desc offset 0) finding
    cross join lateral (
      select report_finding.report_id
      from report_finding
        join vulnerability_report report on report.id = report_finding.report_id ${ifNarrow(wanted)}
      where finding_id = finding.id and ${isCounted} ${whereArtifact(wanted)}
      order by report_finding.report_id) link
  limit ${limit} offset ${offset}`

/** Artifacts and repositories are joined only where something is asked of them: every report has both. */
const ifNarrow = ({ projectId, repository, tag, digest }: Wanted): Sql =>
  [projectId, repository, tag, digest].some((one) => one !== undefined) ? ofArtifact : sql``

/** Reads all that fits of the reports that are asked for, and sorts it. */
const sortedLinks = (wanted: Wanted, { limit, offset }: Part): Sql => sql`
  select finding_id, report_id
  from (
      select report.id from vulnerability_report report ${ofArtifact}
      where ${isCounted} ${whereArtifact(wanted)} offset 0) chosen
    join report_finding on report_id = chosen.id
    join finding on finding.id = finding_id
  where true ${whereFinding(wanted)}
  order by finding.cvss_v3 desc nulls last, finding_id desc, report_id limit ${limit} offset ${offset}`

/**
 * How many findings the reports have that are asked for, from their summaries alone. `most`: no more reports with
 * findings than that are looked at; then it is a lower bound.
 */
export async function sumReports(db: Queryable, wanted: Wanted, most: number | undefined): Promise<number> {
  const { rank } = wanted
  const count = rank === undefined || !isOfSummaries(wanted) ? sql`total` : sql`counts[${rank + 1}::int]`
  const row = await db.row<{ total: number }>(
    oneOff(sql`
      select coalesce(sum(count), 0)::bigint as total from (
        select ${count} as count
        from vulnerability_report report ${ifNarrow(wanted)}
        where ${isCounted} and ${count} > 0 ${whereArtifact(wanted)}
        ${most === undefined ? sql`` : sql`limit ${most}`}) found`),
  )
  return row!.total
}

/** How many findings fit; no further than `most`, if that is given. */
export async function countFound(db: Queryable, wanted: Wanted, most: number | undefined): Promise<number> {
  const row = await db.row<{ count: number }>(
    oneOff(sql`
      select count(*) as count from (
        select from finding
          join report_finding on finding_id = finding.id
          join vulnerability_report report on report.id = report_finding.report_id ${ifNarrow(wanted)}
        where ${isCounted} ${whereFinding(wanted)} ${whereArtifact(wanted)}
        ${most === undefined ? sql`` : sql`limit ${most}`}) found`),
  )
  return row!.count
}

/** The tags of artifacts, at most 200 of each, by the artifact's id. */
export async function listTags(db: Queryable, artifactIds: number[]): Promise<Map<number, string[]>> {
  const rows = await db.rows<{ id: number; tags: string[] }>(sql`
    select one.id, array(
      select tag.name::text from tag where tag.artifact_id = one.id order by tag.name limit 200) as tags
    from unnest(${artifactIds}::bigint[]) as one (id)`)
  return new Map(rows.map(({ id, tags }) => [id, tags]))
}
