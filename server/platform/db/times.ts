/**
 * The time of `<column> at time zone interval '0'`, which PostgreSQL writes as `2026-11-30 12:00:00.123456` without
 * zeros at the end, as `Date.toISOString` has it, cut to ms: for times that are only shown, without a Date.
 */
export const isoOf = (time: string): string =>
  `${time.slice(0, 10)}T${time.slice(11, 19)}.${time.slice(20, 23).padEnd(3, '0')}Z`
