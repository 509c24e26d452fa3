import type { Status } from '../../../platform/jobs/type.ts'
import type { ScannerDescription } from '../scanners/scanner.ts'
import { severities, type Severity } from './finding.ts'

/** What an overview says. Times as `Date.toISOString` writes them; undefined: not yet. */
export type OverviewParts = {
  /** The media type as which the report is shown. */
  type: string
  reportId: string
  status: Status
  startedAt: string | undefined
  endedAt: string | undefined
  /** Of the last reports that were finished; undefined where there is none. */
  found: Found | undefined
  /** JSON of what the scanner says of itself; undefined where there is no finished report. */
  scanner: string | undefined
  /** Images of which a report was finished, as a part of 100. */
  percent: number
}

/** `state`: see `ReportState`; `counts`: by rank of severity, as PostgreSQL writes an array: `{0,2,...}`. */
type Found = { state: string; severity: Severity; total: number | string; fixable: number | string; counts: string }

/** What Harbor answers for a time that is not set. */
const never = '0001-01-01T00:00:00.000Z'

/**
 * The text of `scan_overview`: an object with one key, the type. Members stand in the order of the API's schema, with
 * the bytes that its serializer gives them. All overviews are made here: those of lists and those that facts tell.
 */
export function overviewText(parts: OverviewParts): string {
  const { type, reportId, status, startedAt, endedAt, found, scanner, percent } = parts
  // Unlike `+`, a join leaves one flat string and not a tree of its parts: the cache keeps thousands of these.
  return [
    `${headOf(type)}${reportId}","scan_status":"${status}",${found ? claimText(found) : ''}`,
    startedAt && endedAt ? `"duration":${secondsBetween(startedAt, endedAt)},` : '',
    found ? `"summary":{"total":${found.total},"fixable":${found.fixable},"summary":{${countsOf(found.counts)}}},` : '',
    `"start_time":"${startedAt ?? never}","end_time":"${endedAt ?? never}"`,
    status === 'Success' ? `,"complete_percent":${percent}` : '',
    scanner === undefined ? '}}' : `,"scanner":${scannerOf(scanner)}}}`,
  ].join('')
}

/**
 * The worst severity. Where a report says that it could not know all (`state`), no findings are no proof: Unknown takes
 * the place of None.
 */
export function claimOf({ state, severity }: Pick<Found, 'state' | 'severity'>): {
  severity: Severity
  state?: string
} {
  return state === 'ok' ? { severity } : { severity: severity === 'None' ? 'Unknown' : severity, state }
}

function claimText(found: Found): string {
  const { severity, state } = claimOf(found)
  return `"severity":"${severity}",${state === undefined ? '' : `"state":"${state}",`}`
}

const secondsBetween = (start: string, end: string): number =>
  start === end ? 0 : Math.max(0, Math.round((Date.parse(end) - Date.parse(start)) / 1000))

/** Remembers the last result: the reports of a page have mostly one type, one scanner and few different counts. */
export function lastOf(make: (text: string) => string): (text: string) => string {
  let last = { text: '', made: make('') }
  return (text) => (text === last.text ? last : (last = { text, made: make(text) })).made
}

const headOf = lastOf((type) => `{${JSON.stringify(type)}:{"report_id":"`)

const scannerOf = lastOf((json) => {
  const { name, vendor, version } = JSON.parse(json || '{}') as Partial<ScannerDescription>
  return JSON.stringify({ name, vendor, version })
})

/** Only severities that were found are named. */
const countsOf = lastOf((counts) =>
  counts
    .slice(1, -1)
    .split(',')
    .flatMap((count, rank) => (Number(count) > 0 ? [`"${severities[rank]}":${count}`] : []))
    .join(','),
)
