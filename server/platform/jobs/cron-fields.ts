/** One field of a cron: what it counts, and from where to where; `names` stand for numbers. */
type Field = { name: string; from: number; to: number; names?: readonly string[] }

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const days = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

/** The six fields of a cron, as in Harbor. Sunday is 0. */
export const fields: readonly Field[] = [
  { name: 'second', from: 0, to: 59 },
  { name: 'minute', from: 0, to: 59 },
  { name: 'hour', from: 0, to: 23 },
  { name: 'day of the month', from: 1, to: 31 },
  { name: 'month', from: 1, to: 12, names: months },
  { name: 'day of the week', from: 0, to: 6, names: days },
]

/** What is wrong with one field as Harbor's parser knows it: `*`, `?`, numbers, ranges, steps and lists of these. */
export function problemOfField(text: string, field: Field): string | undefined {
  for (const part of text.split(',')) {
    const [, first = '', last, step] = /^([*?]|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part) ?? []
    const [from, to] = [numberOf(first, field), last === undefined ? undefined : numberOf(last, field)]
    const where = `${JSON.stringify(part)} is no ${field.name} of a cron`
    if (from === undefined || (last !== undefined && (to === undefined || /^[*?]$/.test(first)))) {
      const sunday = field.to === 6 ? ', and Sunday is 0' : ''
      return `${where}: it goes from ${field.from} to ${field.to}${sunday}`
    }
    if (to !== undefined && from > to) return `${where}: the range ends before it begins`
    if (step !== undefined && Number(step) < 1) return `${where}: a step is 1 or more`
  }
  return undefined
}

/** `2/6` is from 2 on in steps of 6: the range written out, which every parser knows. */
export function writtenOut(cron: string): string {
  const parts = cron.split(' ')
  return parts.map((text, index) => text.replaceAll(/(^|,)(\w+)\/(\d+)/g, `$1$2-${fields[index]?.to}/$3`)).join(' ')
}

/** Undefined for what the field cannot hold. `*` and `?` count from its first number. */
function numberOf(text: string, { from, to, names = [] }: Field): number | undefined {
  if (text === '*' || text === '?') return from
  const named = names.indexOf(text.toUpperCase())
  const number = named >= 0 ? named + from : /^\d{1,2}$/.test(text) ? Number(text) : -1
  return number >= from && number <= to ? number : undefined
}
