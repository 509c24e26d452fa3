import { hour, optional, setting, time } from './setting.ts'
import { integer, type Parser } from './units.ts'

/** Two different times of a day. */
const timeWindow: Parser<string> = (text) => {
  const [, from, to] = /^((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d)$/.exec(text.trim()) ?? []
  if (from === undefined || from === to) throw new Error('must be two times of a day in UTC such as 22:00-06:00')
  return text.trim()
}

/** Garbage collection, and how long what was deleted can be restored. */
export const collection = {
  delayMs: time({
    env: 'MARINA_COLLECT_DELAY',
    path: 'collection.delay',
    min: 0,
    max: 8760 * hour,
    fallback: 2 * hour,
    help: 'garbage collection touches nothing that was in use, or being uploaded, within this time',
  }),
  perSecond: setting({
    env: 'MARINA_COLLECT_RATE',
    path: 'collection.rate',
    parse: integer(0, 1_000_000),
    fallback: 0,
    help: 'files that a garbage collection removes per second at most; 0 is no limit',
  }),
  window: setting({
    env: 'MARINA_COLLECT_WINDOW',
    path: 'collection.window',
    parse: optional(timeWindow),
    fallback: undefined,
    help:
      'part of the day, in UTC, in which scheduled garbage collections work, such as 22:00-06:00; always when ' +
      'absent',
  }),
  undeleteMs: time({
    env: 'MARINA_UNDELETE_WINDOW',
    path: 'collection.undelete_window',
    min: 0,
    max: 8760 * hour,
    fallback: 168 * hour,
    help:
      'how long deleted tags, artifacts and repositories can be restored, and their bytes are kept; 0 switches ' +
      'it off',
  }),
}
