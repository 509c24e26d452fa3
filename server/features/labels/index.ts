import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import { labelRoutes } from './routes.ts'
import { facts } from './topics.ts'

export { findDeprecatedLabels, findLabels } from './store.ts'
export { presentLabel } from './wire.ts'

/** Labels: named colours, global or of a project, that can be put on artifacts. */
export const labels = ({ db }: { db: Db }) => feature({ name: 'labels', topics: facts, routes: labelRoutes(db) })
