import { appendFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import path from 'node:path'
import { median, shown, type Row } from './scenario.ts'
import { output } from './scratch.ts'

type Machine = {
  cpu: string
  cores: number
  memoryGiB: number
  node: string
  kernel: string
  dockerRegistry: string
  wrk: string
}

export async function describeMachine(): Promise<Machine> {
  const version = (file: string, args: string[]) =>
    output(file, args).then(
      (text) => /\d+\.\d+\.\d+\S*/.exec(text)?.[0] ?? 'unknown',
      () => 'unknown',
    )
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    kernel: release(),
    dockerRegistry: await version('docker-registry', ['--version']),
    wrk: await version('sh', ['-c', 'wrk --version; true']),
  }
}

/** The ratio of the medians, Marina's to the other's, turned so that above 1 Marina is better. */
function ratioOf({ ours, against, lessIsBetter }: Row): number | undefined {
  if (!against) return undefined
  const [one, other] = lessIsBetter ? [median(against.values), median(ours)] : [median(ours), median(against.values)]
  return other === 0 ? undefined : one / other
}

export function isReached(row: Row): boolean | undefined {
  if (!row.target) return undefined
  return 'most' in row.target ? Math.max(...row.ours) <= row.target.most : (ratioOf(row) ?? 0) >= row.target.ratio
}

export function table(rows: Row[]): string {
  const cells = rows.map((row) => {
    const ratio = ratioOf(row)
    const reached = isReached(row)
    const wanted = !row.target
      ? ''
      : 'most' in row.target
        ? `at most ${shown(row.target.most)}`
        : `at least ${Number(row.target.ratio.toFixed(2))} ×`
    return [
      ratio === undefined ? '-' : `${ratio.toFixed(2)} ×`,
      reached === undefined ? '' : `${wanted}${reached ? '' : '  MISSED'}`,
      row.what,
      `${figures(row.ours)} ${row.unit}`,
      row.against ? `${row.against.name} ${figures(row.against.values)}` : '',
      row.note ?? '',
    ]
  })
  const all = [['ratio', 'target', 'what', 'Marina: median (min..max)', 'against', ''], ...cells]
  const widths = all[0]!.map((_, column) => Math.max(...all.map((line) => line[column]!.length)))
  return all
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function figures(values: number[]): string {
  const range = values.length > 1 ? ` (${shown(Math.min(...values))}..${shown(Math.max(...values))})` : ''
  return `${shown(median(values))}${range}`
}

/** Appends one line to history.jsonl: time, commit, machine, and every value of every round. */
export async function remember(machine: Machine, rows: Row[]): Promise<void> {
  const commit = await output('git', ['-C', import.meta.dirname, 'rev-parse', '--short', 'HEAD']).then(
    (text) => text.trim(),
    () => 'unknown',
  )
  const results = rows.map((row) => ({
    ...row,
    ratio: ratioOf(row) && Number(ratioOf(row)!.toFixed(3)),
    isReached: isReached(row),
  }))
  appendFileSync(
    path.join(import.meta.dirname, 'history.jsonl'),
    `${JSON.stringify({ at: new Date().toISOString(), commit, machine, results }, compact)}\n`,
  )
}

function compact(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value
}
