export { forwardLog, writeLog } from './reactions.ts'
export { openRefusals, type Refusals } from './refusals.ts'
export { auditRoutes } from './routes.ts'
export { makeMonths } from './store.ts'
