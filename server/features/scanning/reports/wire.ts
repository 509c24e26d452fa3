import type { Static } from 'typebox'
import type * as api from '../../../../api/artifacts.ts'
import type { Status } from '../../../platform/jobs/type.ts'
import { reportTypes } from '../scanners/adapter/metadata.ts'
import { severities, type Finding, type Severity, type Summary } from './finding.ts'
import type { ReportRow } from './store.ts'

/** What the API shows of one report type: the value of a key of `scan_overview`. */
type Overview = NonNullable<Static<typeof api.Artifact>['scan_overview']>[string]

/** What Harbor answers for a time that is not set. */
const never = '0001-01-01T00:00:00.000Z'

/** As which the report of an image is shown. */
export const typeOf = ({ finished }: ReportRow): string => finished?.mimeType || reportTypes.generic

/**
 * What is known of an image, or of the images of an index together: the earliest start, the latest end, and as in
 * Harbor, running wins over stopped, and one success over errors. `summary`: of the last reports that were finished,
 * which stay valid while a new scan runs; undefined when there was none.
 */
export function presentOverview(rows: ReportRow[], summary: Summary | undefined): Overview {
  const status = mergeStatus(rows.map((one) => one.status))
  const start = edgeOf(rows, 'startedAt', Math.min)
  const end = rows.every(({ endedAt }) => endedAt !== null) ? edgeOf(rows, 'endedAt', Math.max) : undefined
  const scanner = rows.find(({ finished }) => finished)?.finished?.scanner
  return {
    report_id: encodeReportIds(rows.map(({ reportId }) => reportId)),
    scan_status: status,
    start_time: start?.toISOString() ?? never,
    end_time: end?.toISOString() ?? never,
    ...(start && end ? { duration: Math.max(0, Math.round((Number(end) - Number(start)) / 1000)) } : {}),
    ...(summary ? { ...claimOf(rows, summary), summary: presentSummary(summary) } : {}),
    ...(scanner ? { scanner } : {}),
    ...(status === 'Success' ? { complete_percent: percentOf(rows) } : {}),
  }
}

/**
 * The worst severity. Where a report says that it could not know all (`state`), no findings are no proof: Unknown takes
 * the place of None.
 */
export function claimOf(
  rows: ReportRow[],
  { severity }: Pick<Summary, 'severity'>,
): { severity: Severity; state?: string } {
  const state = rows.map(({ finished }) => finished?.state ?? 'ok').find((one) => one !== 'ok')
  return state === undefined ? { severity } : { severity: severity === 'None' ? 'Unknown' : severity, state }
}

/** Only severities that were found are named. */
function presentSummary({ total, fixable, counts }: Summary): NonNullable<Overview['summary']> {
  const named = severities.map((severity, rank) => [severity, counts[rank] ?? 0] as const)
  return { total, fixable, summary: Object.fromEntries(named.filter(([, count]) => count > 0)) }
}

function edgeOf(
  rows: ReportRow[],
  key: 'startedAt' | 'endedAt',
  pick: (...times: number[]) => number,
): Date | undefined {
  const times = rows.flatMap((row) => row[key] ?? [])
  return times.length === 0 ? undefined : new Date(pick(...times.map(Number)))
}

function percentOf(rows: ReportRow[]): number {
  return Math.floor((100 * rows.filter(({ status }) => status === 'Success').length) / rows.length)
}

export function mergeStatus(all: Status[]): Status {
  const order: Status[] = ['Running', 'Pending', 'Stopped', 'Success', 'Error']
  return order.find((one) => all.includes(one))!
}

/** Several reports, those of an index, are named by their ids together, as in Harbor. */
export function encodeReportIds(ids: string[]): string {
  return ids.length === 1 ? ids[0]! : Buffer.from(ids.join('|')).toString('base64')
}

/** The types of reports that a caller takes, the first one preferred, by the header `X-Accept-Vulnerabilities`. */
export function parseAccepted(header: string | string[] | undefined): string[] {
  const given = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').map((one) => one.trim())
  const types = given.filter(Boolean).map((one) => one.replace(/\s*;\s*/, '; '))
  return types.length === 0 ? [reportTypes.generic, reportTypes.native] : types
}

/** A finding in the words of the pluggable scanner API. `digests`: of the images that were looked into. */
export function presentFinding({ details, ...one }: Finding, digests: string[]) {
  const { description = '', links = [], cweIds = [], cvss = {}, vendorAttributes = {} } = details
  return {
    id: one.cveId,
    package: one.package,
    version: one.version,
    fix_version: one.fixedVersion,
    severity: one.severity,
    status: one.status,
    description,
    links,
    artifact_digests: digests,
    preferred_cvss: {
      score_v3: cvss.score_v3 ?? one.cvssV3,
      score_v2: cvss.score_v2 ?? null,
      vector_v3: cvss.vector_v3 ?? '',
      vector_v2: cvss.vector_v2 ?? '',
    },
    cwe_ids: cweIds,
    vendor_attributes: vendorAttributes,
  }
}
