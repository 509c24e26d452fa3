import { timeText } from './picks.ts'
import type { Decision, Outcome } from './plan.ts'
import type { Known, Pulled } from './candidate.ts'
import { later } from './candidate.ts'

const headings = ['Digest', 'Tag', 'Kind', 'Labels', 'PushedTime', 'PulledTime', 'CreatedTime', 'Retention', 'Why']

/** The most rows of a log; the preview shows all. */
const mostRows = 5000

/** A table in Harbor's form, a line for each row, and a column with the reasons beside Harbor's. */
export function tableOf(outcomes: readonly Outcome[]): string[] {
  const rows = outcomes.slice(0, mostRows).flatMap(rowsOf)
  const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => row[column]!.length)))
  const line = (cells: string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  const more = outcomes.length - mostRows
  return [
    line(headings),
    `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`,
    ...rows.map(line),
    ...(more > 0 ? [`… and ${more} more artifacts`] : []),
  ]
}

/** One row for an artifact whose tags share its fate, else one for each tag. */
function rowsOf({ candidate, decision, tags }: Outcome): string[][] {
  const { digest, labels, pushedAt, pulledAt } = candidate
  const row = (names: string, pushed: Known, pulled: Pulled, one: Decision) => [
    digest,
    names,
    'image',
    labels.join(','),
    clock(pushed),
    clock(pulled),
    clock(pushedAt),
    wordOf(one),
    whyOf(one),
  ]
  if (tags.some((one) => one.decision !== decision))
    return tags.map(({ tag, decision: one }) => row(tag.name, tag.pushedAt, later(tag.pulledAt, pulledAt), one))
  const pushed = tags.reduce<Pulled>((last, { tag }) => later(last, tag.pushedAt), pushedAt) ?? undefined
  const pulled = tags.reduce((last, { tag }) => later(last, tag.pulledAt), pulledAt)
  return [row(tags.map(({ tag }) => tag.name).join(','), pushed, pulled, decision)]
}

/** Harbor's words: RETAIN, DEL and IMMUTABLE; PROTECTED, RUNNING and INDEX are Marina's. */
function wordOf({ isKept, reason }: Decision): string {
  if (!isKept) return 'DEL'
  return reason === 'rule' || reason === 'no-rule' ? 'RETAIN' : reason.toUpperCase()
}

function whyOf({ position, value, reason }: Decision): string {
  return position === null || reason !== 'rule' ? value : `rule ${position}: ${value}`
}

/** As Harbor writes times: 2026/11/30 02:41:20, UTC; nothing for one that is not known or never was. */
const clock = (at: Pulled): string => (at ? timeText(at).slice(0, 19).replaceAll('-', '/').replace('T', ' ') : '')
