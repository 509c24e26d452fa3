export { scheduleSweep, sweepHandler } from './jobs.ts'
export { choreRoutes, type Chore } from './chore.ts'
export { jobServiceRoutes } from './routes.ts'
export { schedulingOf } from './topics.ts'
