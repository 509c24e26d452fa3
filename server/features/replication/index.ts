import { feature } from '../../platform/feature.ts'
import { sweepUploads } from './copy/uploads.ts'
import { openCopyGround, type Lent } from './ground.ts'
import { measureReplication } from './measure.ts'
import { planHandler } from './plan.ts'
import { noteEvents } from './react.ts'
import { replicationRoutes } from './routes.ts'
import { copyHandler } from './task.ts'
import { facts } from './topics.ts'

export { usedByPolicies } from './uses.ts'
export { facts as replicationFacts, type TaskFact, type TaskSide } from './topics.ts'

/** Replication: copies between Marina and other registries, by policies. */
export const replication = (lent: Lent, ground = openCopyGround(lent)) =>
  feature({
    name: 'replication',
    topics: facts,
    routes: replicationRoutes(ground),
    reactions: [noteEvents(ground.types)],
    jobs: [planHandler(ground), copyHandler(ground)],
    sweeps: [
      {
        trouble: 'forgotten uploads of replication not removed',
        everyMs: 3_600_000,
        run: () => sweepUploads(lent.db.relaxed),
      },
    ],
    measure: (metrics) => measureReplication(metrics, lent.db),
  })
