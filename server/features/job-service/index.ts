import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import type { JobHandler } from '../../platform/jobs/type.ts'
import { scheduleSweep, sweepHandler } from './jobs.ts'
import { jobServiceRoutes } from './routes.ts'
import { facts } from './topics.ts'

export { choreRoutes } from './chore.ts'
export { schedulingOf } from './topics.ts'

type Lent = {
  db: Db
  /** Those of all features, once they are made. */
  jobs: readonly JobHandler[]
  /** How long an execution that ended is kept at least. */
  keepMs: number
}

const dayMs = 86_400_000

/** Queues, workers, schedules and logs of jobs. */
export const jobService = ({ db, jobs, keepMs }: Lent) =>
  feature({
    name: 'job-service',
    topics: facts,
    routes: jobServiceRoutes(db, () => jobs.map(({ type }) => type.name)),
    jobs: [sweepHandler(db, () => jobs, Math.ceil(keepMs / dayMs))],
    schedule: scheduleSweep,
  })
