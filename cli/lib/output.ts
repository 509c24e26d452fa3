import { wrongUsage } from './problem.ts'
import { drawFields, drawTable, type Column } from './table.ts'
import { count } from './text.ts'

export const formats = ['table', 'json', 'yaml', 'name'] as const
type Format = (typeof formats)[number]

/** How rows of a kind are shown. `name`: what `-o name` prints, and what other commands take. */
export type Shape<Row> = {
  /** In the singular, such as `project`. */
  kind: string
  columns: readonly Column<Row>[]
  /** Of one row alone; by default the columns. */
  fields?: readonly Column<Row>[]
  name(row: Row): string
}

/** Writes the answers of commands on stdout; remarks go to stderr, so that scripts read answers alone. */
export type Output = {
  format: Format
  /** A table; `total`: how many there are, where the rows may be only the first ones. */
  rows<Row>(shape: Shape<Row>, rows: Row[], total?: number): Promise<void>
  row<Row>(shape: Shape<Row>, row: Row): Promise<void>
  /** What a command has done: a sentence, or in the other formats what it did it to. */
  done(sentence: string, name: string, value?: unknown): Promise<void>
  /** Text as it is, such as a log. */
  text(text: string): void
  remark(text: string): void
}

export function openOutput(text: string | undefined, env: NodeJS.ProcessEnv): Output {
  const format = parseFormat(text ?? (env['MARINA_CLI_OUTPUT'] || 'table'))
  const { stdout } = process
  const look = { width: stdout.isTTY ? stdout.columns : undefined, isColoured: isColoured(env) }
  const print = (lines: string) => void stdout.write(lines === '' ? '' : `${lines}\n`)
  const remark = (words: string) => void process.stderr.write(`${words}\n`)
  const value = async (one: unknown) =>
    print(format === 'json' ? JSON.stringify(one ?? null, null, 2) : (await yaml(one ?? null)).trimEnd())

  return {
    format,
    async rows(shape, rows, total = rows.length) {
      if (format === 'name') print(rows.map((row) => shape.name(row)).join('\n'))
      else if (format !== 'table') await value(rows)
      else if (rows.length === 0) remark(`no ${count(0, shape.kind).slice(2)}`)
      else print(drawTable(shape.columns, rows, look).join('\n'))
      if (total > rows.length) remark(`${rows.length} of ${count(total, shape.kind)}: --limit 0 shows all`)
    },
    async row(shape, row) {
      if (format === 'name') print(shape.name(row))
      else if (format === 'table') print(drawFields(shape.fields ?? shape.columns, row, look).join('\n'))
      else await value(row)
    },
    async done(sentence, name, made) {
      if (format === 'table') print(sentence)
      else if (format === 'name') print(name)
      else await value(made ?? { done: sentence, name })
    },
    text: (words) => print(words.replace(/\n$/, '')),
    remark,
  }
}

function parseFormat(text: string): Format {
  const found = formats.find((one) => one === text)
  if (!found) throw wrongUsage(`--output is one of ${formats.join(', ')}, not ${text}`)
  return found
}

/** https://no-color.org: any NO_COLOR that is not empty switches colours off. */
export const isColoured = (env: NodeJS.ProcessEnv, stream: { isTTY?: boolean } = process.stdout): boolean =>
  stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'

const yaml = async (value: unknown): Promise<string> => (await import('yaml')).stringify(value)
