/** How often something runs, as people say it. `time` is `03:00`, in UTC; `day` counts from Sunday, 0. */
export type Rhythm =
  | { kind: 'none' }
  | { kind: 'hourly' }
  | { kind: 'daily'; time: string }
  | { kind: 'weekly'; day: number; time: string }
  | { kind: 'cron'; cron: string }

const named: Readonly<Record<string, string>> = { Hourly: '0 0 * * * *', Daily: '0 0 0 * * *', Weekly: '0 0 0 * * 0' }
const two = (text: string) => text.padStart(2, '0')

/** Reads a schedule of the API: its type, and a cron of six fields. */
export function rhythmOf(type: string | undefined, text: string | undefined): Rhythm {
  const cron = text === undefined || text === '' ? (named[type ?? ''] ?? '') : text
  if (cron === '') return { kind: 'none' }
  if (cron === named['Hourly']) return { kind: 'hourly' }
  const [, minute, hour, day] = /^0 (\d{1,2}) (\d{1,2}) \* \* (\*|[0-6])$/.exec(cron) ?? []
  if (minute === undefined || hour === undefined || day === undefined) return { kind: 'cron', cron }
  const time = `${two(hour)}:${two(minute)}`
  return day === '*' ? { kind: 'daily', time } : { kind: 'weekly', day: Number(day), time }
}

/** The schedule that the API takes. */
export function scheduleOf(rhythm: Rhythm): { type: 'None' | 'Hourly' | 'Daily' | 'Weekly' | 'Custom'; cron: string } {
  if (rhythm.kind === 'none') return { type: 'None', cron: '' }
  if (rhythm.kind === 'hourly') return { type: 'Hourly', cron: named['Hourly']! }
  if (rhythm.kind === 'cron') return { type: 'Custom', cron: rhythm.cron.trim() }
  const [hour, minute] = rhythm.time.split(':').map(Number)
  return rhythm.kind === 'daily'
    ? { type: 'Daily', cron: `0 ${minute} ${hour} * * *` }
    : { type: 'Weekly', cron: `0 ${minute} ${hour} * * ${rhythm.day}` }
}

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const days = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']
/** What each of the six fields counts: from, to, and names that stand for numbers. */
const fields: readonly { from: number; to: number; names?: readonly string[] }[] = [
  { from: 0, to: 59 },
  { from: 0, to: 59 },
  { from: 0, to: 23 },
  { from: 1, to: 31 },
  { from: 1, to: 12, names: months },
  { from: 0, to: 6, names: days },
]

/** The numbers that a field takes: `*`, numbers, ranges, steps and lists of these. Throws RangeError. */
function numbersIn(text: string, { from, to, names = [] }: (typeof fields)[number]): Set<number> {
  const numberOf = (one: string) => {
    const named = names.indexOf(one.toUpperCase())
    const number = named >= 0 ? named + from : /^\d{1,2}$/.test(one) ? Number(one) : -1
    if (number < from || number > to) throw new RangeError(`${one} is not from ${from} to ${to}`)
    return number
  }
  const all = text.split(',').flatMap((part) => {
    const [, first = '', last, step] = /^([*?]|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part) ?? []
    const isAny = first === '*' || first === '?'
    const begin = isAny ? from : numberOf(first)
    const end = last !== undefined ? numberOf(last) : isAny || step !== undefined ? to : begin
    const by = Math.max(1, Number(step ?? 1))
    return Array.from({ length: Math.max(0, Math.floor((end - begin) / by) + 1) }, (_, index) => begin + index * by)
  })
  return new Set(all)
}

const dayMs = 86_400_000
/** A day that comes once in so many days at most: the 29th of February, over a year that has none. */
const farthestDays = 9 * 366

/** When a cron of six fields fires next, in UTC, as the API writes times; undefined for one that nobody can read. */
export function nextRun(cron: string, after = new Date()): string | undefined {
  const parts = cron.trim().split(/\s+/)
  if (parts.length !== fields.length) return undefined
  try {
    const [, minutes, hours, dates, inMonths, weekdays] = parts.map((text, index) => numbersIn(text, fields[index]!))
    const isAny = (index: number) => /^[*?]$/.test(parts[index]!)
    // Where both kinds of days are given, one of them is enough, as in cron(8).
    const isDay = (day: Date) => {
      const [byDate, byWeekday] = [dates!.has(day.getUTCDate()), weekdays!.has(day.getUTCDay())]
      const fits = isAny(3) || isAny(5) ? byDate && byWeekday : byDate || byWeekday
      return fits && inMonths!.has(day.getUTCMonth() + 1)
    }
    const times = [...hours!].flatMap((hour) => [...minutes!].map((minute) => hour * 60 + minute)).sort((a, b) => a - b)
    const midnight = Math.floor(after.getTime() / dayMs) * dayMs
    for (let day = 0; day < farthestDays; day++) {
      const begin = midnight + day * dayMs
      if (!isDay(new Date(begin))) continue
      const at = times.map((time) => begin + time * 60_000).find((one) => one > after.getTime())
      if (at !== undefined) return new Date(at).toISOString()
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  return undefined
}
