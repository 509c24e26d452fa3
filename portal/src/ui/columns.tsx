import type { Column } from './grid.tsx'
import { TimeAgo } from './time.tsx'

type Look<Row> = Omit<Column<Row>, 'name' | 'title' | 'cell'>

/** A column of text that people wrote; a dash where there is none. */
export const textColumn = <Row,>(
  name: string,
  title: string,
  of: (row: Row) => string | undefined,
  look: Look<Row> = {},
): Column<Row> => ({ name, title, ...look, cell: (row) => <span class="wrap-text">{of(row) || '–'}</span> })

/** A column of times; `of` gives them as the API does. */
export const timeColumn = <Row,>(
  name: string,
  title: string,
  of: (row: Row) => string | undefined,
  look: Look<Row> = {},
): Column<Row> => ({ name, title, ...look, cell: (row) => <TimeAgo at={of(row)} /> })
