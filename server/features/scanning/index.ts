export { scannerRoutes } from './routes.ts'
