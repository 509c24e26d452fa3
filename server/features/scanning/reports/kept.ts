import { sql } from '../../../platform/db/sql.ts'
import { isoOf } from '../../../platform/db/times.ts'
import { between, type KeptOverview, type OverviewReader } from '../../artifacts/index.ts'
import { reportTypes } from '../scanners/adapter/metadata.ts'
import type { ScannerDescription } from '../scanners/scanner.ts'
import { severities } from './finding.ts'

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
  const fields = report.split(between.fields)
  const [scannerId = '', , , , mimeType] = fields
  const type = typeOf(mimeType || reportTypes.generic)
  return { scannerId: scannerOfId(scannerId), type, json: fields.length > 1 ? overviewText(type, fields) : null }
}

/** What `presentOverview` makes of one finished report, with the same bytes that the API's schema gives it. */
function overviewText(type: string, fields: string[]): string {
  const [, reportId, startedAt = '', endedAt = '', , state, rank, total, fixable, counts = '', scanner = ''] = fields
  const [start, end] = [isoOf(startedAt), isoOf(endedAt)]
  const seconds = start === end ? 0 : Math.max(0, Math.round((Date.parse(end) - Date.parse(start)) / 1000))
  const isWhole = state === 'ok'
  const severity = severities[rank === '0' && !isWhole ? 1 : Number(rank)]!
  // Unlike `+`, a join leaves one flat string and not a tree of its parts: the cache keeps thousands of these.
  return [
    `${headOf(type)}${reportId}","scan_status":"Success","severity":"${severity}",` +
      `${isWhole ? '' : `"state":"${state}",`}"duration":${seconds},"summary":{"total":${total},"fixable":${fixable},` +
      `"summary":{${countsOf(counts)}}},`,
    `"start_time":"${start}","end_time":"${end}","complete_percent":100,"scanner":${scannerOf(scanner)}}}`,
  ].join('')
}

/** Remembers the last result: the reports of a page have mostly one type, one scanner and few different counts. */
function lastOf(make: (text: string) => string): (text: string) => string {
  let last = { text: '', made: make('') }
  return (text) => (text === last.text ? last : (last = { text, made: make(text) })).made
}

/** A copy: a part of a text that is kept keeps the whole text in memory. */
const copyOf = (text: string) => Buffer.from(text).toString()
const scannerOfId = lastOf(copyOf)
const typeOf = lastOf(copyOf)

const headOf = lastOf((type) => `{${JSON.stringify(type)}:{"report_id":"`)

const scannerOf = lastOf((json) => {
  const { name, vendor, version } = JSON.parse(json || '{}') as Partial<ScannerDescription>
  return JSON.stringify({ name, vendor, version })
})

/** `{0,2,...}` of PostgreSQL; only severities that were found are named. */
const countsOf = lastOf((counts) =>
  counts
    .slice(1, -1)
    .split(',')
    .flatMap((count, rank) => (Number(count) > 0 ? [`"${severities[rank]}":${count}`] : []))
    .join(','),
)
