import { choreOperations } from './chores.ts'

export const { listRuns, getSchedule, createSchedule, updateSchedule, getRun, stopRun, getRunLog } = choreOperations({
  tag: 'gc',
  path: '/system/gc',
  param: 'gc_id',
  words: {
    listRuns: { id: 'getGCHistory', summary: 'List the runs of the garbage collection' },
    getSchedule: { id: 'getGCSchedule', summary: 'Get the schedule of the garbage collection; {} without one' },
    createSchedule: { id: 'createGCSchedule', summary: 'Collect garbage now (type Manual), or by a schedule' },
    updateSchedule: { id: 'updateGCSchedule', summary: 'Change the schedule, or end it (type None)' },
    getRun: { id: 'getGC', summary: 'Get a run' },
    stopRun: { id: 'stopGC', summary: 'Stop a run; what it has not looked at is left to the next run' },
    getRunLog: { id: 'getGCLog', summary: 'Read the log of a run, as far as it is written' },
  },
})
