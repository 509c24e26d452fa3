import { stringify } from 'csv-stringify/sync'

export type Cell = string | number | Date | null

/**
 * Rows as CSV (RFC 4180), flowing page by page. What a spreadsheet would take for a formula gets a ' in front, whatever
 * somebody has called his project, tag or label (H37).
 */
export async function* csvOf(columns: readonly string[], pages: AsyncIterable<Cell[][]>): AsyncGenerator<Buffer> {
  yield Buffer.from(write([[...columns]]))
  for await (const rows of pages) yield Buffer.from(write(rows.map((row) => row.map(plain))))
}

const write = (rows: (string | number | null)[][]) =>
  stringify(rows, { escape_formulas: true, quoted_string: true, record_delimiter: 'windows' })

const plain = (cell: Cell) => (cell instanceof Date ? cell.toISOString() : cell)
