import * as api from '../../../api/deployments.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { forgetReport, takeReport } from './actions.ts'
import { listRunning, runningOrder } from './store.ts'

/** `ttlMs`: how long a report holds that does not say. */
export function deploymentRoutes(db: Db, ttlMs: number): ApiRoute[] {
  return [
    route(api.reportDeployments, 'user', async ({ body, caller, rights }) => {
      const { cluster, images, ttl_seconds: ttlSeconds = Math.ceil(ttlMs / 1000) } = body
      const taken = await takeReport(db, actorOf(caller), rights, { cluster, ttlSeconds, images })
      return { kept: taken.kept, expiration_time: taken.expiresAt.toISOString(), passed_over: taken.passedOver }
    }),
    route(api.listDeployments, { project: 'tag-retention', verb: 'read' }, async ({ project, query }) => {
      const { rows, total } = await listRunning(db, project.id, listing({}, query, runningOrder))
      const presented = rows.map(({ cluster, repository, digest, workload, reportedBy, reportedAt, expiresAt }) => ({
        cluster,
        repository_name: repository,
        digest,
        workload,
        reported_by: reportedBy.name,
        report_time: reportedAt.toISOString(),
        expiration_time: expiresAt.toISOString(),
      }))
      return { rows: presented, total }
    }),
    route(api.forgetDeployments, { project: 'tag-retention', verb: 'delete' }, ({ project, params, caller }) =>
      forgetReport(db, actorOf(caller), project, params.cluster),
    ),
  ]
}
