import { styleText } from 'node:util'
import { cut, tame, widthOf } from './text.ts'

export type Style = 'good' | 'bad' | 'busy' | 'dim'

export type Column<Row> = {
  name: string
  of(row: Row): string | number | undefined
  /** Where a terminal is too narrow, columns that may shrink are cut, the widest first. */
  shrinks?: true
  style?(row: Row): Style | undefined
}

/** `width`: columns of the terminal; undefined: as wide as it gets. */
type Look = { width: number | undefined; isColoured: boolean }

type Cell = { text: string; isNumber: boolean; style: Style | undefined }

const gap = 2
/** A column is not cut below this. */
const narrowest = 12

/** Lines of a table with a heading; numbers stand to the right. */
export function drawTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], look: Look): string[] {
  const cells = rows.map((row) => columns.map((column) => cellOf(column, row)))
  const widths = fit(columns, cells, look.width)
  const lines = cells.map((row) => row.map((cell, at) => drawCell(cell, widths[at]!, look)))
  const heading = columns.map(({ name }, at) => {
    const isRight = cells.some((row) => row[at]!.isNumber)
    return paint(pad(name.toUpperCase(), widths[at]!, isRight), look.isColoured ? 'bold' : undefined)
  })
  return [heading, ...lines].map((line) => line.join(' '.repeat(gap)).trimEnd())
}

/** One thing, a line for each of its fields that is not empty. */
export function drawFields<Row>(columns: readonly Column<Row>[], row: Row, look: Look): string[] {
  const width = Math.max(...columns.map(({ name }) => name.length)) + 1
  const fields = columns.map((column) => ({ label: column.name, ...cellOf(column, row) }))
  const filled = fields.filter(({ text }) => text !== '')
  return filled.map(({ label, text, style }) => {
    const name = paint(pad(`${label}:`, width, false), look.isColoured ? 'bold' : undefined)
    return `${name} ${paint(text, look.isColoured && style ? inks[style] : undefined)}`.trimEnd()
  })
}

function cellOf<Row>(column: Column<Row>, row: Row): Cell {
  const value = column.of(row)
  return { text: tame(String(value ?? '')), isNumber: typeof value === 'number', style: column.style?.(row) }
}

function fit<Row>(columns: readonly Column<Row>[], cells: Cell[][], room = Number.POSITIVE_INFINITY): number[] {
  const widths = columns.map(({ name }, at) => Math.max(name.length, ...cells.map((row) => widthOf(row[at]!.text))))
  const total = () => widths.reduce((sum, width) => sum + width, gap * (widths.length - 1))
  while (total() > room) {
    const shrinking = widths.map((width, at) => (columns[at]!.shrinks && width > narrowest ? width : 0))
    const widest = Math.max(...shrinking)
    if (widest === 0) break
    widths[shrinking.indexOf(widest)]! -= 1
  }
  return widths
}

function drawCell({ text, isNumber, style }: Cell, width: number, { isColoured }: Look): string {
  return paint(pad(cut(text, width), width, isNumber), isColoured && style ? inks[style] : undefined)
}

function pad(text: string, width: number, isRight: boolean): string {
  const room = ' '.repeat(Math.max(width - widthOf(text), 0))
  return isRight ? `${room}${text}` : `${text}${room}`
}

const inks = { good: 'green', bad: 'red', busy: 'yellow', dim: 'dim' } as const

const paint = (text: string, ink: Parameters<typeof styleText>[0] | undefined) =>
  ink === undefined ? text : styleText(ink, text, { validateStream: false })
