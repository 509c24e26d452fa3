export { restoreTrash } from './restore.ts'
export { undeleteRoutes } from './routes.ts'
export { dropExpired, findTrash, listTrash, trashOrder } from './store.ts'
