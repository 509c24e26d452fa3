/** Days of a date field, `2026-11-30`, and the seconds since 1970 by which the API writes an end. In UTC. Pure. */

/** The last second of a day. */
export const endOfDay = (day: string): number => Math.floor(Date.parse(`${day}T23:59:59Z`) / 1000)

/** The day of a time; '' for none. */
export const dayOf = (seconds: number | undefined): string =>
  seconds === undefined ? '' : new Date(seconds * 1000).toISOString().slice(0, 10)
