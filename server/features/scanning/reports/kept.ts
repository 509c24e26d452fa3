import { sql } from '../../../platform/db/sql.ts'
import type { KeptOverview, OverviewReader } from '../../artifacts/index.ts'
import { reportTypes } from '../scanners/adapter/metadata.ts'
import { severities } from './finding.ts'
import { overviewText } from './overview.ts'

/** U+001F between the fields of a report and U+001E between reports: none of the fields can hold either. */
const [betweenFields, betweenReports] = ['\u001f', '\u001e']

/**
 * Overviews as lists send them, read with the artifact's own row and cached with it: a list then neither reads a row of
 * each report, nor parses it, nor makes and writes an object (docs/decisions/0060-overviews-as-text.md). Every
 * transaction that changes a report names the artifact's key (`finishedKeys`, `noteScans`). A report whose newest look
 * is not finished comes with its scanner's id alone: it changes with its task, of which no cache hears.
 */
export const overviewReader: OverviewReader = {
  select: sql`(
    select string_agg(case when is_made and started_at is not null and ended_at is not null then concat_ws(
          ${betweenFields}::text, scanner_id, report_id, started_at at time zone 'UTC', ended_at at time zone 'UTC',
          mime_type, state, severity, total, fixable, counts, scanner)
        else scanner_id::text end, ${betweenReports}::text)
    from vulnerability_report where artifact_id = artifact.id)`,
  parse: (text) => (text === null ? none : text.split(betweenReports).map(keep)),
}

const none: KeptOverview[] = []

function keep(report: string): KeptOverview {
  const [scannerId = '', ...fields] = report.split(betweenFields)
  const type = fields[3] || reportTypes.generic
  return { scannerId, type, json: fields.length > 0 ? textOf(type, fields) : null }
}

/** Of one finished report: the look that made it is the newest one. */
function textOf(type: string, fields: string[]): string {
  const [
    reportId = '',
    startedAt = '',
    endedAt = '',
    ,
    state = '',
    rank,
    total = '',
    fixable = '',
    counts = '',
    scanner,
  ] = fields
  return overviewText({
    type,
    reportId,
    status: 'Success',
    startedAt: isoOf(startedAt),
    endedAt: isoOf(endedAt),
    found: { state, severity: severities[Number(rank)]!, total, fixable, counts },
    scanner,
    percent: 100,
  })
}

/** `2026-11-30 12:00:00.123456` of PostgreSQL as `Date.toISOString` has it, cut to ms; zeros at the end are absent. */
const isoOf = (time: string) => `${time.slice(0, 10)}T${time.slice(11, 19)}.${time.slice(20, 23).padEnd(3, '0')}Z`
