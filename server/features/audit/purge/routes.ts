import type { Topics } from '../../../catalog/topic.ts'
import type { Db } from '../../../platform/db/db.ts'
import { choreRoutes } from '../../job-service/index.ts'
import { facts } from '../topics.ts'
import { purge } from './jobs.ts'
import { parsePurge } from './wire.ts'

/** The only way by which entries leave the log (C-75). */
export function purgeRoutes(db: Db, topics: Topics) {
  return choreRoutes(db, {
    type: purge, name: 'purge of the audit log', tag: 'purge', path: '/system/purgeaudit', param: 'purge_id', resource: 'purge-audit',
    operations: {
      history: { id: 'getPurgeHistory', summary: 'List the purges of the audit log' },
      getSchedule: { id: 'getPurgeSchedule', summary: 'Get the schedule of the purge; {} without one' },
      createSchedule: { id: 'createPurgeSchedule', summary: 'Purge now (type Manual), or by a schedule' },
      updateSchedule: { id: 'updatePurgeSchedule', summary: 'Change the schedule, or end it (type None)' },
      get: { id: 'getPurgeJob', summary: 'Get a purge' },
      stop: { id: 'stopPurge', summary: 'Stop a purge; what it has removed stays removed' },
      log: { id: 'getPurgeJobLog', summary: 'What a purge has said so far' },
    },
    parse: (body) => parsePurge(body, topics),
    facts: {
      asked: (executionId, params, by) => facts.purgeAsked({ executionId, ...params }, by),
      stopped: (executionId, by) => facts.purgeStopped({ executionId }, by),
      scheduled: (cron, params, by) => facts.purgeScheduled({ cron, ...params }, by),
      unscheduled: (by) => facts.purgeScheduled({ cron: null }, by),
    },
  })
}
