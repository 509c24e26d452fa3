import { feature } from '../../platform/feature.ts'
import { healthHandler, scheduleHealthChecks } from './jobs.ts'
import { endpointRoutes, type RouteGround } from './routes.ts'
import { listStatuses } from './store.ts'
import { facts } from './topics.ts'

export type { FindUse, Use } from './actions.ts'
export type { Expected, ListedArtifact, Wanted } from './adapters/adapter.ts'
export { openMachineRole, roleAddresses, type MachineRole } from './adapters/machine-role.ts'
export { wantedBy } from './adapters/wanted.ts'
export { openEndpoints, type Endpoints, type OpenEndpoint } from './open.ts'
export { findEndpoint, findEndpoints, type Endpoint } from './store.ts'
export { presentEndpoint, presentLocal } from './wire.ts'

/** Other registries, which replication copies from and to (Harbor's "registries"), and their adapters. */
export const endpoints = (lent: RouteGround) =>
  feature({
    name: 'endpoints',
    topics: facts,
    routes: endpointRoutes(lent),
    jobs: [healthHandler(lent)],
    schedule: scheduleHealthChecks,
    measure: (metrics) =>
      metrics.gauges(
        'marina_endpoint_up',
        '1 while another registry answered at the last check, 0 while it did not',
        ['endpoint', 'type'],
        async () =>
          (await listStatuses(lent.db)).map(({ name, type, status }) => ({
            labels: [name, type],
            value: status === 'healthy' ? 1 : 0,
          })),
      ),
  })
