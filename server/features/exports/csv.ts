import { stringify } from 'csv-stringify/sync'

export type Cell = string | number | Date | null

/**
 * Streams rows as CSV (RFC 4180), page by page. A cell that a spreadsheet would run as a formula gets a ' in front,
 * since names of projects, tags and labels may be hostile (H37).
 */
export async function* csvOf(columns: readonly string[], pages: AsyncIterable<Cell[][]>): AsyncGenerator<Buffer> {
  yield Buffer.from(write([[...columns]]))
  for await (const rows of pages) yield Buffer.from(write(rows.map((row) => row.map(plain))))
}

const write = (rows: (string | number | null)[][]) =>
  stringify(rows, { escape_formulas: true, quoted_string: true, record_delimiter: 'windows' })

const plain = (cell: Cell) => (cell instanceof Date ? cell.toISOString() : cell)
