import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import type { Endpoints, FindUse } from '../endpoints/index.ts'
import { openMounts } from './copy/mounts.ts'
import { sweepUploads } from './copy/uploads.ts'
import type { CopyGround, ReplicationRules } from './ground.ts'
import { jobTypes } from './jobs.ts'
import { measureReplication } from './measure.ts'
import { planHandler } from './plan.ts'
import { noteEvents } from './react.ts'
import { replicationRoutes } from './routes.ts'
import { listUsers } from './store.ts'
import { copyHandler } from './task.ts'
import { facts } from './topics.ts'

export { facts as replicationFacts, type TaskFact, type TaskSide } from './topics.ts'

type Lent = Pick<CopyGround, 'reader' | 'registry' | 'gates' | 'localUrl'> & {
  db: Db
  endpoints: Endpoints
  rules: ReplicationRules
}

/** The policies that use an endpoint, which must not be deleted then. */
export const usedByPolicies: FindUse = async (db, endpointId) => {
  const rows = await listUsers(db, endpointId)
  return rows.length === 0 ? undefined : { kind: 'replication policies', names: rows.map(({ name }) => name) }
}

/** Replication: copies between Marina and other registries, by policies. */
export function replication(lent: Lent) {
  const ground: CopyGround = { ...lent, types: jobTypes(lent.rules), mounts: openMounts() }
  return feature({
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
}
