import type { IncomingMessage } from 'node:http'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import type { Peer } from '../../platform/http/server.ts'
import type { WorkloadLimits, Workloads } from './open.ts'
import { workloadRoutes } from './routes.ts'
import { sweepUsed } from './store.ts'
import { facts } from './topics.ts'

export { openWorkloads, type Workloads } from './open.ts'
export { saveRuleUses } from './store.ts'

type Lent = {
  reader: Reader & { db: Db }
  workloads: Workloads
  peerOf(request: IncomingMessage): Peer
  limits: Pick<WorkloadLimits, 'rules' | 'secretLifeMs'>
}

/** Trust rules: rights for a short time for tokens of GitHub, GitLab, Kubernetes and any other issuer. */
export const workloads = ({ reader, workloads: { login, examine, measure }, peerOf, limits }: Lent) =>
  feature({
    name: 'workloads',
    topics: facts,
    routes: workloadRoutes({ reader, login, examine, peerOf, limits }),
    sweeps: [
      {
        trouble: 'used tokens of workloads not forgotten',
        everyMs: 10 * 60_000,
        run: () => sweepUsed(reader.db.relaxed),
      },
    ],
    measure,
  })
