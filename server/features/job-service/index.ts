import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import type { JobHandler } from '../../platform/jobs/type.ts'
import { scheduleSweep, sweepHandler } from './jobs.ts'
import { jobServiceRoutes } from './routes.ts'
import { facts } from './topics.ts'

export { choreRoutes } from './chore.ts'
export { schedulingOf } from './topics.ts'
export { parseSchedule, presentHistory } from './wire.ts'

type Lent = {
  db: Db
  /** The job handlers of all features. The array is still being filled: read it only once the process serves. */
  jobs: readonly JobHandler[]
  /** An execution that has ended is kept at least this long. */
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
