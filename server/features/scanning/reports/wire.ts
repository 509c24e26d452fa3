import type { Static } from 'typebox'
import type * as api from '../../../../api/artifacts.ts'
import type { Status } from '../../../platform/jobs/type.ts'
import { reportTypes } from '../scanners/adapter/metadata.ts'
import type { Finding, ReportState, Summary } from './finding.ts'
import { overviewText, type OverviewParts } from './overview.ts'
import type { ReportRow } from './store.ts'

/** What the API shows of one report type: the value of a key of `scan_overview`. */
type Overview = NonNullable<Static<typeof api.Artifact>['scan_overview']>[string]

/** As which the report of an image is shown. */
export const typeOf = ({ finished }: ReportRow): string => finished?.mimeType || reportTypes.generic

/**
 * What is known of an image, or of the images of an index together: the earliest start, the latest end, and as in
 * Harbor, running wins over stopped, and one success over errors. `summary`: of the last reports that were finished,
 * which stay valid while a new scan runs; undefined when there was none.
 */
export const shownText = (rows: ReportRow[], summary: Summary | undefined): string =>
  overviewText(partsOf(rows, summary))

/** The same as a value, for facts. */
export function presentOverview(rows: ReportRow[], summary: Summary | undefined): Overview {
  const [overview] = Object.values(JSON.parse(shownText(rows, summary)) as Record<string, Overview>)
  return overview!
}

function partsOf(rows: ReportRow[], summary: Summary | undefined): OverviewParts {
  const isEnded = rows.every(({ endedAt }) => endedAt !== null)
  const scanner = rows.find(({ finished }) => finished)?.finished?.scanner
  return {
    type: typeOf(rows.find(({ finished }) => finished) ?? rows[0]!),
    reportId: encodeReportIds(rows.map(({ reportId }) => reportId)),
    status: mergeStatus(rows.map((one) => one.status)),
    startedAt: edgeOf(rows, 'startedAt', Math.min)?.toISOString(),
    endedAt: isEnded ? edgeOf(rows, 'endedAt', Math.max)?.toISOString() : undefined,
    found: summary && { ...summary, state: stateOf(rows), counts: `{${summary.counts.join(',')}}` },
    scanner: scanner && JSON.stringify(scanner),
    percent: Math.floor((100 * rows.filter(({ status }) => status === 'Success').length) / rows.length),
  }
}

/** What reports together claim: of several, the first that could not know all. */
export const stateOf = (rows: ReportRow[]): ReportState =>
  rows.map(({ finished }) => finished?.state ?? 'ok').find((one) => one !== 'ok') ?? 'ok'

function edgeOf(
  rows: ReportRow[],
  key: 'startedAt' | 'endedAt',
  pick: (...times: number[]) => number,
): Date | undefined {
  const times = rows.flatMap((row) => row[key] ?? [])
  return times.length === 0 ? undefined : new Date(pick(...times.map(Number)))
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
