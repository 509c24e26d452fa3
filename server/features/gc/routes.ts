import * as api from '../../../api/gc.ts'
import type { Db } from '../../platform/db/db.ts'
import type { ApiRoute } from '../access/index.ts'
import { choreRoutes } from '../job-service/index.ts'
import { collection, type CollectParams } from './jobs.ts'
import { facts } from './topics.ts'
import { parseParameters } from './wire.ts'

const said = ({ dry_run: isDryRun, delete_untagged: deletesUntagged }: CollectParams) => ({ isDryRun, deletesUntagged })

/** Harbor's operations on the garbage collection. */
export function gcRoutes(db: Db): ApiRoute[] {
  return choreRoutes(db, {
    type: collection,
    name: 'garbage collection',
    resource: 'garbage-collection',
    operations: api,
    parse: parseParameters,
    facts: {
      asked: (executionId, params, by) => facts.collectionAsked({ executionId, ...said(params) }, by),
      stopped: (executionId, by) => facts.collectionStopped({ executionId }, by),
      scheduled: (cron, params, by) => facts.collectionScheduled({ cron, ...said(params) }, by),
      unscheduled: (by) => facts.collectionScheduled({ cron: null, isDryRun: false, deletesUntagged: false }, by),
    },
  })
}
