export { healthRoutes } from './health.ts'
export { infoRoutes } from './info.ts'
