import { choreOperations } from './chores.ts'

export const { listRuns, getSchedule, createSchedule, updateSchedule, getRun, stopRun, getRunLog } = choreOperations({
  tag: 'purge',
  path: '/system/purgeaudit',
  param: 'purge_id',
  words: {
    listRuns: { id: 'getPurgeHistory', summary: 'List the purges of the audit log' },
    getSchedule: { id: 'getPurgeSchedule', summary: 'Get the schedule of the purge; {} without one' },
    createSchedule: { id: 'createPurgeSchedule', summary: 'Purge now (type Manual), or by a schedule' },
    updateSchedule: { id: 'updatePurgeSchedule', summary: 'Change the schedule, or end it (type None)' },
    getRun: { id: 'getPurgeJob', summary: 'Get a purge' },
    stopRun: { id: 'stopPurge', summary: 'Stop a purge; what it has removed stays removed' },
    getRunLog: { id: 'getPurgeJobLog', summary: 'Read the log of a purge, as far as it is written' },
  },
})
