import type { Static } from 'typebox'
import type * as api from '../../../api/scores.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import { findRunningPlaces } from '../deployments/index.ts'
import { countFailing, dayBefore, firstDay, listFailing } from './pull-days.ts'
import type { Rules } from './rules.ts'
import type { Scope } from './scope.ts'
import { listLowestThen } from './store.ts'
import { presentScored, runningIn } from './wire.ts'

/** The most rows of pulls that are shown of one repository. */
const mostPulls = 100

type Asked = { days: number; count: number; scope: Scope; rules: Rules; keptDays: number }

/**
 * What a deletion of the `count` least used repositories would have broken, had it happened when the last `days` days
 * began: each pull since then of what was there at that time. Throws PRECONDITION when pulls are not recorded, and
 * BAD_REQUEST for more days than are kept.
 */
export async function simulate(
  db: Queryable,
  { days, count, scope, rules, keptDays }: Asked,
): Promise<Static<typeof api.Simulation>> {
  if (keptDays === 0) throw new Failure('PRECONDITION', 'the pulls of each day are not recorded: set MARINA_PULLS_KEEP')
  if (days > keptDays)
    throw new Failure('BAD_REQUEST', `pulls are kept for ${keptDays} days (MARINA_PULLS_KEEP): ask for fewer days`)
  const from = await dayBefore(db, days)
  const [lowest, recordedFrom] = await Promise.all([listLowestThen(db, scope, rules, from, count), firstDay(db)])
  const ids = lowest.map(({ id }) => id)
  const [counts, pulls] = await Promise.all([countFailing(db, ids, from), listFailing(db, ids, from, mostPulls)])
  const places = await findRunningPlaces(db, ids)
  const countOf = new Map(counts.map((one) => [one.repositoryId, one]))
  const pullsOf = Map.groupBy(pulls, ({ repositoryId }) => repositoryId)
  return {
    from,
    ...(recordedFrom === null ? {} : { recorded_from: recordedFrom }),
    failed_pulls: counts.reduce((sum, one) => sum + one.count, 0),
    repositories: lowest.map((one) => {
      const failed = countOf.get(one.id)
      return {
        ...presentScored(rules, one, runningIn(places, one)),
        failed_pulls: failed?.count ?? 0,
        ...(failed ? { last_failed_day: failed.lastDay } : {}),
        pulls: (pullsOf.get(one.id) ?? []).map(({ day, digest, count: times }) => ({
          day,
          ...(digest === null ? {} : { digest }),
          count: times,
        })),
      }
    }),
  }
}
