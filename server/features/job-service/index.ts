export { executionSweep, scheduleSweep, sweepHandler } from './jobs.ts'
export { readExecutionLog } from './logs.ts'
export { jobServiceRoutes } from './routes.ts'
export { parseSchedule, presentExecution, presentHistory, presentSchedule, presentScheduleObj, presentTask, type Asked } from './wire.ts'
