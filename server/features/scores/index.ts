import { feature } from '../../platform/feature.ts'
import { scoreRoutes, type ScoreRoutesOptions } from './routes.ts'
import { facts } from './topics.ts'
import { pullDaySweep } from './pull-days.ts'

/** How much repositories are used: those pulled most, scores, and what a deletion of the least used would break. */
export const scores = (lent: ScoreRoutesOptions) =>
  feature({
    name: 'scores',
    topics: facts,
    routes: scoreRoutes(lent),
    sweeps: [pullDaySweep(lent.reader.db, lent.pullsMs)],
  })
