import { Cron } from 'croner'

/** The six fields of a cron, as in Harbor. Sunday is 0. All times are UTC. */
const fields = ['second', 'minute', 'hour', 'day of the month', 'month', 'day of the week'] as const

/** The text is not a cron that can be used; the message says why. */
export class BadCron extends Error {
  override name = 'BadCron'
}

/** Harbor's named schedules. */
export const namedCrons: Readonly<Record<string, string>> = {
  Hourly: '0 0 * * * *',
  Daily: '0 0 0 * * *',
  Weekly: '0 0 0 * * 0',
}

/**
 * Checks the cron of a user's schedule: six fields, the first of them 0 (Harbor's rule: at most once a minute), and at
 * least one time in the future. Returns it with single spaces. Throws BadCron.
 */
export function checkCron(text: string): string {
  const parts = text.trim().split(/\s+/)
  if (text.length > 255 || parts.length !== 6)
    throw new BadCron(`a cron has six fields (${fields.join(', ')}), such as 0 30 2 * * *`)
  if (parts[0] !== '0') throw new BadCron('the 1st field (indicating Seconds of time) of the cron setting must be 0')
  // Only what Harbor's parser knows. croner also takes L, W and #, which Harbor could not read back.
  const bad = parts.findIndex(
    (part, index) => !(index < 4 ? /^[\d*?,/-]+$/ : /^(?:[\d*?,/-]|\b[A-Z]{3}\b)+$/i).test(part),
  )
  // In Harbor Sunday is 0, and 7 is not a day.
  if (/(?:^|[,-])7/.test(parts[5]!)) throw new BadCron(`the ${fields[5]} goes from 0, which is Sunday, to 6`)
  if (bad >= 0) throw new BadCron(`${JSON.stringify(parts[bad])} is no ${fields[bad]} of a cron`)
  const cron = parts.join(' ')
  if (!nextAfter(cron, new Date())) throw new BadCron('this cron never fires')
  return cron
}

/** The first time after `after` at which it fires, or undefined when there is none. Throws BadCron. */
export function nextAfter(cron: string, after: Date): Date | undefined {
  try {
    return (
      new Cron(cron, { timezone: 'UTC', mode: '6-part', legacyMode: true, paused: true }).nextRun(after) ?? undefined
    )
  } catch (error) {
    throw new BadCron(`${JSON.stringify(cron.slice(0, 80))} is no cron: ${(error as Error).message}`, { cause: error })
  }
}
