import * as api from '../../../../api/purge.ts'
import type { Topics } from '../../../catalog/topic.ts'
import type { Db } from '../../../platform/db/db.ts'
import type { ApiRoute } from '../../access/index.ts'
import { choreRoutes } from '../../job-service/index.ts'
import { facts } from '../topics.ts'
import { purge } from './jobs.ts'
import { parsePurge } from './wire.ts'

/** The operations of the purge, the only way to remove entries from the log (C-75). */
export function purgeRoutes(db: Db, topics: Topics): ApiRoute[] {
  return choreRoutes(db, {
    type: purge,
    name: 'purge of the audit log',
    resource: 'purge-audit',
    operations: api,
    parse: (body) => parsePurge(body, topics),
    facts: {
      asked: (executionId, params, by) => facts.purgeAsked({ executionId, ...params }, by),
      stopped: (executionId, by) => facts.purgeStopped({ executionId }, by),
      scheduled: (cron, params, by) => facts.purgeScheduled({ cron, ...params }, by),
      unscheduled: (by) => facts.purgeScheduled({ cron: null }, by),
    },
  })
}
