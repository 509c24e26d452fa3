import { feature } from '../../platform/feature.ts'
import { projectRoutes, type Lent } from './routes.ts'

export { createProject, deleteProject } from './actions.ts'
export { addMetadata, dropMetadata, findCacheRules, findMetadata, readMetadata, saveMetadata } from './store.ts'
export type { Figure } from './summary.ts'
export { parseProjectMetadata } from './wire.ts'

/** Projects and their metadata. */
export const projects = (lent: Lent) => feature({ name: 'projects', routes: projectRoutes(lent) })
