export { dropExpired } from './store.ts'
export { restoreTrash } from './restore.ts'
export { undeleteRoutes } from './routes.ts'
export { listTrash, findTrash } from './store.ts'
