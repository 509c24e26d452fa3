import { sql } from '../../../platform/db/sql.ts'
import { isoOf } from '../../../platform/db/times.ts'
import { between, type KeptOverview, type OverviewReader } from '../../artifacts/index.ts'
import { reportTypes } from '../scanners/adapter/metadata.ts'
import { severities } from './finding.ts'
import { lastOf, overviewText } from './overview.ts'

/**
 * Overviews as lists send them, read with the artifact's own row and cached with it: a list then neither reads a row of
 * each report, nor parses it, nor makes and writes an object (docs/decisions/0060-overviews-as-text.md). Every
 * transaction that changes a report names the artifact's key (`finishedKeys`, `noteScans`). A report whose newest look
 * is not finished comes with its scanner's id alone: it changes with its task, of which no cache hears.
 */
export const overviewReader: OverviewReader = {
  select: sql`(
    select string_agg(case when is_made and started_at is not null and ended_at is not null then concat_ws(
          chr(31), scanner_id, report_id, started_at at time zone interval '0', ended_at at time zone interval '0',
          mime_type, state, severity, total, fixable, counts, scanner)
        else scanner_id::text end, chr(30))
    from vulnerability_report where artifact_id = artifact.id)`,
  parse: (text) => (text === null ? none : text.split(between.rows).map(keep)),
}

const none: KeptOverview[] = []

function keep(report: string): KeptOverview {
  const [scannerId = '', ...fields] = report.split(between.fields)
  const type = typeOf(fields[3] || reportTypes.generic)
  return { scannerId: scannerOfId(scannerId), type, json: fields.length > 0 ? textOf(type, fields) : null }
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

/** A copy: a part of a text that is kept keeps the whole text in memory. */
const copyOf = (text: string) => Buffer.from(text).toString()
const scannerOfId = lastOf(copyOf)
const typeOf = lastOf(copyOf)
