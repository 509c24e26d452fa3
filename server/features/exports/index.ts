export { artifactExportHandler } from './jobs.ts'
export { exportRoutes } from './routes.ts'
