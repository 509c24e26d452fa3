import type { Digest } from '../../../../oci/digest.ts'
import type { RepositoryName } from '../../../../oci/reference.ts'
import { artifactByDigestKey, imageFindingsKey } from '../../../catalog/artifact.ts'
import type { Reader } from '../../../catalog/reader.ts'
import type { Queryable } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { andThen, type Maybe } from '../../../platform/maybe.ts'
import type { ReportState } from '../reports/finding.ts'
import { isScannable } from '../sboms/store.ts'

/** A finished report: its id in the database, and how many findings it has of each rank. */
export type Made = { id: number; scannerId: string; state: ReportState; counts: number[] }

/** What the gate knows of an artifact: whether it can be scanned, and the last finished report of each scanner. */
export type ImageFindings = { id: number; isScannable: boolean; pushedAt: Date; made: Made[] }

/**
 * From the cache: pulls ask. Undefined for an artifact that is not stored here, such as one that a project is only now
 * getting from the registry that it caches. Changes of the artifact and each saved report name `imageFindingsKey`.
 */
export function findImageFindings(
  { db, cache }: Reader,
  repository: RepositoryName,
  digest: Digest,
): Maybe<ImageFindings | undefined> {
  const loadId = () =>
    db.row<{ id: number }>(sql`
      select artifact.id from artifact join repository on repository.id = artifact.repository_id
      where repository.name = ${repository} and artifact.digest = ${digest}`)
  return andThen(
    cache.get(artifactByDigestKey(repository, digest), loadId),
    (known) =>
      known &&
      cache.get(
        imageFindingsKey(known.id),
        () => load(db, known.id),
        ({ made }) => 300 + made.length * 400,
      ),
  )
}

async function load(db: Queryable, artifactId: number): Promise<ImageFindings | undefined> {
  return db.row<ImageFindings>(sql`
    select artifact.id, ${isScannable} as "isScannable", artifact.pushed_at as "pushedAt", coalesce((
        select json_agg(json_build_object(
          'id', report.id, 'scannerId', report.scanner_id, 'state', report.state, 'counts', report.counts))
        from vulnerability_report report where report.artifact_id = artifact.id and report.ended_at is not null),
      '[]') as made
    from artifact where artifact.id = ${artifactId}`)
}

/** How many findings of each rank a report has beside those of these vulnerabilities. */
export async function countOthers(db: Queryable, reportId: number, cves: string[]): Promise<number[]> {
  const row = await db.row<{ counts: number[] }>(sql`
    select array(
      select (
        select count(*) from report_finding join finding on finding.id = finding_id
        where report_id = ${reportId} and severity = rank and cve_id <> all(${cves}::text[]))::int
      from generate_series(0, 6) as rank order by rank) as counts`)
  return row!.counts
}

/** The status of the first scan of an image, which has not made a report; undefined when none was asked for. */
export async function findUnfinished(
  db: Queryable,
  artifactId: number,
  scannerId: string,
): Promise<string | undefined> {
  const row = await db.row<{ status: string }>(sql`
    select task.status from vulnerability_report report join task on task.id = report.task_id
    where report.artifact_id = ${artifactId} and report.scanner_id = ${scannerId}::uuid and not report.is_made`)
  return row?.status
}
