export { labelRoutes } from './routes.ts'
export { findLabels, type Label } from './store.ts'
