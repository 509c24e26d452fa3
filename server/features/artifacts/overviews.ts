import type { Sql } from '../../platform/db/sql.ts'

/**
 * What lists show of one scanner's report of an image. `json` is the text of `scan_overview`, null while a scan may
 * change it: the database is asked for it then. `type`: the media type of the report.
 */
export type KeptOverview = { scannerId: string; type: string; json: string | null }

/** How overviews are read together with artifacts: lent by the feature that knows the reports. */
export type OverviewReader = {
  /** A text of the row `artifact`, or null. */
  select: Sql
  parse(text: string | null): KeptOverview[]
}
