import { hour, time } from './setting.ts'

/** What is recorded of pulls beside their counts and times. */
export const pulls = {
  keepMs: time({
    env: 'MARINA_PULLS_KEEP',
    path: 'pulls.keep',
    min: 0,
    max: 366 * 24 * hour,
    fallback: 90 * 24 * hour,
    help:
      'how long the pulls of each day are kept, for simulations of what a deletion would have broken; at most one ' +
      'row for each day and artifact pulled; 0 switches it off',
  }),
}
