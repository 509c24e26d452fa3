import { feature } from '../../platform/feature.ts'
import { sweepPullDays } from './pull-days.ts'
import { scoreRoutes, type ScoreRoutesOptions } from './routes.ts'
import { facts } from './topics.ts'

const dayMs = 86_400_000

type Lent = Pick<ScoreRoutesOptions, 'reader' | 'undeleteMs'> & {
  /** How long the pulls of a day are kept, in ms; 0: they are not recorded. */
  pullsMs: number
}

/** How much repositories are used: those pulled most, scores, and what a deletion of the least used would break. */
export function scores({ reader, undeleteMs, pullsMs }: Lent) {
  const keptDays = Math.ceil(pullsMs / dayMs)
  return feature({
    name: 'scores',
    topics: facts,
    routes: scoreRoutes({ reader, keptDays, undeleteMs }),
    sweeps: [
      {
        trouble: 'pulls of old days not removed',
        everyMs: 60 * 60_000,
        run: (signal) => sweepPullDays(reader.db.relaxed, keptDays, signal),
      },
    ],
  })
}
