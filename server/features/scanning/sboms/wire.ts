import type { Static } from 'typebox'
import type * as api from '../../../../api/artifacts.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { encodeReportIds, mergeStatus } from '../reports/wire.ts'
import type { ReportRow } from './store.ts'

type Overview = NonNullable<Static<typeof api.Artifact>['sbom_overview']>

/** What Harbor answers for a time that is not set. */
const never = '0001-01-01T00:00:00.000Z'

/**
 * What is known of the SBOM of an image, or of those of an index' images together: the earliest start, the latest end,
 * and as Harbor has it, running wins over stopped, and one success over errors. Undefined without a report.
 */
export function presentOverview(reports: ReportRow[]): Overview | undefined {
  if (reports.length === 0) return undefined
  const status = mergeStatus(reports.map((one) => one.status))
  const starts = reports.flatMap(({ startedAt }) => startedAt ?? [])
  const ends = reports.flatMap(({ endedAt }) => endedAt ?? [])
  const start = starts.length > 0 ? new Date(Math.min(...starts.map(Number))) : undefined
  const isOver = ends.length === reports.length
  const end = isOver ? new Date(Math.max(...ends.map(Number))) : undefined
  const [only] = reports.length === 1 ? reports : []
  return {
    report_id: encodeReportIds(reports.map(({ reportId }) => reportId)),
    scan_status: status,
    start_time: start?.toISOString() ?? never,
    end_time: end?.toISOString() ?? never,
    ...(start && end ? { duration: Math.max(0, Math.round((Number(end) - Number(start)) / 1000)) } : {}),
    ...(only?.sbomDigest ? { sbom_digest: only.sbomDigest, scanner: only.scanner } : {}),
  }
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The ids of reports that a path names: one, or several as `encodeReportIds` writes them. Throws BAD_REQUEST. */
export function parseReportIds(text: string): string[] {
  if (uuid.test(text)) return [text]
  const ids = Buffer.from(text, 'base64').toString('utf8').split('|')
  if (!ids.every((one) => uuid.test(one))) throw new Failure('BAD_REQUEST', 'report_id must be the id of a report')
  return ids
}
