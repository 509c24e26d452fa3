/** Numbers, bytes, times and digests as text, in a language such as `en`. Pure. */

const cached = new Map<string, Intl.NumberFormat>()

function numbers(language: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${language} ${JSON.stringify(options)}`
  const known = cached.get(key) ?? new Intl.NumberFormat(language, options)
  cached.set(key, known)
  return known
}

/** `1,234,567`. */
export const formatCount = (language: string, count: number): string => numbers(language, {}).format(count)

/** `12 %`, of a share from 0 to 1. */
export const formatShare = (language: string, share: number): string =>
  numbers(language, { style: 'percent', maximumFractionDigits: share < 0.1 ? 1 : 0 }).format(share)

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `1.2 GiB`: three digits at most, in powers of 1024. */
export function formatBytes(language: string, bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1)
  const value = bytes / 1024 ** power
  const maximumFractionDigits = power === 0 || value >= 100 ? 0 : 1
  return `${numbers(language, { maximumFractionDigits }).format(value)} ${units[power]}`
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['week', 7 * 86_400],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
]

/** `3 hours ago`, `in 2 days`; `now` within a minute. Times in ms since 1970. */
export function formatAgo(language: string, at: number, now: number): string {
  const seconds = (at - now) / 1000
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
  const [unit, length] = steps.find(([, one]) => Math.abs(seconds) >= one) ?? ['second', Infinity]
  return format.format(length === Infinity ? 0 : Math.round(seconds / length), unit)
}

/** The exact time in the browser's zone. */
export const formatTime = (language: string, at: number): string =>
  new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' }).format(at)

/** `Nov 30`, of `2026-11-30`, a day in UTC. */
export const formatDay = (language: string, day: string): string =>
  new Intl.DateTimeFormat(language, { month: 'short', day: 'numeric', timeZone: 'UTC' }).format(
    new Date(`${day}T00:00Z`),
  )

/** `7 days`, `1 h 5 min`, `3.2 s`, `12 ms`. */
export function formatDuration(language: string, ms: number): string {
  const unit = (value: number, name: string, maximumFractionDigits = 0) =>
    numbers(language, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits }).format(value)
  if (ms < 1000) return unit(ms, 'millisecond')
  if (ms < 60_000) return unit(ms / 1000, 'second', 1)
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 60) return `${unit(minutes, 'minute')} ${unit(Math.floor((ms % 60_000) / 1000), 'second')}`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${unit(hours, 'hour')} ${unit(minutes % 60, 'minute')}`
  return [unit(Math.floor(hours / 24), 'day'), ...(hours % 24 > 0 ? [unit(hours % 24, 'hour')] : [])].join(' ')
}

/** `sha256:` and the first 12 digits. */
export const shortDigest = (digest: string): string => digest.replace(/^(sha\d+:[0-9a-f]{12})[0-9a-f]+$/, '$1')
