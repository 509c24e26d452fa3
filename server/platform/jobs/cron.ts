import { Cron } from 'croner'
import { fields, problemOfField, writtenOut } from './cron-fields.ts'

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
    throw new BadCron(
      `a cron has six fields (${fields.map(({ name }) => name).join(', ')}), such as 0 30 2 * * *; everything is UTC`,
    )
  if (parts[0] !== '0') throw new BadCron('the 1st field (indicating Seconds of time) of the cron setting must be 0')
  // Only what Harbor's parser knows. croner also takes L, W and #, which Harbor could not read back.
  const problem = fields.map((field, index) => problemOfField(parts[index]!, field)).find((one) => one !== undefined)
  if (problem !== undefined) throw new BadCron(problem)
  const cron = parts.join(' ')
  if (!nextAfter(cron, new Date())) throw new BadCron('this cron never fires')
  return cron
}

/** The first time after `after` at which it fires, or undefined when there is none. Throws BadCron. */
export function nextAfter(cron: string, after: Date): Date | undefined {
  try {
    return (
      new Cron(writtenOut(cron), { timezone: 'UTC', mode: '6-part', legacyMode: true, paused: true }).nextRun(after) ??
      undefined
    )
  } catch (error) {
    throw new BadCron(`${JSON.stringify(cron.slice(0, 80))} is no cron: ${(error as Error).message}`, { cause: error })
  }
}
