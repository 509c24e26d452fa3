export { openDeliverer } from './deliver.ts'
export { sweepDeliveries } from './deliveries.ts'
export { tellTargets, topics as webhookTopics, type Told } from './react.ts'
export { webhookRoutes } from './routes.ts'
