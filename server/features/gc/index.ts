export { collect, type Collection, type CollectOptions, type Totals } from './collect.ts'
export { collectionHandler } from './jobs.ts'
export { parseTimeWindow } from './window.ts'
export { gcRoutes } from './routes.ts'
