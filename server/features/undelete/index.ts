export { restoreTrash } from './restore.ts'
export { undeleteRoutes } from './routes.ts'
export { dropExpired, findTrash, listTrash, trashOrder, type Trash } from './store.ts'
