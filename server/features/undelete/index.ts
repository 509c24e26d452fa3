import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import type { Gates } from '../../registry/gate.ts'
import { undeleteRoutes } from './routes.ts'
import { facts } from './topics.ts'

export { restoreTrash } from './restore.ts'
export { dropExpired, findTrash, listTrash, trashOrder, type Trash } from './store.ts'

type Lent = { db: Db; gates: Gates; keepMs: number }

/** Restores deletions, within `keepMs` of each. */
export const undelete = ({ db, gates, keepMs }: Lent) =>
  feature({ name: 'undelete', topics: facts, routes: undeleteRoutes(db, gates, keepMs) })
