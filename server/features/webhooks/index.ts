export { openDeliverer } from './deliver.ts'
export { sweepDeliveries } from './deliveries.ts'
export { queueDeliveries } from './react.ts'
export { webhookRoutes } from './routes.ts'
