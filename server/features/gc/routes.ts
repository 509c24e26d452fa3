import type { Db } from '../../platform/db/db.ts'
import { choreRoutes } from '../job-service/index.ts'
import { collection, type CollectParams } from './jobs.ts'
import { facts } from './topics.ts'
import { parseParameters } from './wire.ts'

const said = ({ dry_run: isDryRun, delete_untagged: deletesUntagged }: CollectParams) => ({ isDryRun, deletesUntagged })

export function gcRoutes(db: Db) {
  return choreRoutes(db, {
    type: collection, name: 'garbage collection', tag: 'gc', path: '/system/gc', param: 'gc_id', resource: 'garbage-collection',
    operations: {
      history: { id: 'getGCHistory', summary: 'List the runs of the garbage collection' },
      getSchedule: { id: 'getGCSchedule', summary: 'Get the schedule of the garbage collection; {} without one' },
      createSchedule: { id: 'createGCSchedule', summary: 'Collect garbage now (type Manual), or by a schedule' },
      updateSchedule: { id: 'updateGCSchedule', summary: 'Change the schedule, or end it (type None)' },
      get: { id: 'getGC', summary: 'Get a run' },
      stop: { id: 'stopGC', summary: 'Stop a run; what it has not looked at stays for the next one' },
      log: { id: 'getGCLog', summary: 'What a run has said so far' },
    },
    parse: parseParameters,
    facts: {
      asked: (executionId, params, by) => facts.collectionAsked({ executionId, ...said(params) }, by),
      stopped: (executionId, by) => facts.collectionStopped({ executionId }, by),
      scheduled: (cron, params, by) => facts.collectionScheduled({ cron, ...said(params) }, by),
      unscheduled: (by) => facts.collectionScheduled({ cron: null, isDryRun: false, deletesUntagged: false }, by),
    },
  })
}
