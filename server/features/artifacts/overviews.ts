import type { Sql } from '../../platform/db/sql.ts'

/**
 * What lists show of one scanner's report of an image. `json` is the text of `scan_overview`, null while a scan may
 * change it: the database is asked for it then. `type`: the media type of the report.
 */
export type KeptOverview = { scannerId: string; type: string; json: string | null }

/** How overviews are read together with artifacts: lent by the feature that knows the reports. */
export type OverviewReader = {
  /** A text of the row `artifact`, or null. Without values: the statement is made once. */
  select: Sql
  parse(text: string | null): KeptOverview[]
}

/**
 * What PostgreSQL puts between the fields of a text, `chr(31)`, and between its rows, `chr(30)`: no field that is
 * joined so can hold either.
 */
export const between = { fields: '\u001f', rows: '\u001e' }
