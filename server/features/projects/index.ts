import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import type { SettingsReader } from '../settings/index.ts'
import { projectRoutes } from './routes.ts'

export { createProject, deleteProject } from './actions.ts'
export { addMetadata, dropMetadata, findMetadata, saveMetadata } from './store.ts'
export { parseProjectMetadata } from './wire.ts'

type Lent = { reader: Reader & { db: Db }; settings: SettingsReader; cachesLists: boolean }

/** Projects and their metadata. */
export const projects = ({ reader, settings, cachesLists }: Lent) =>
  feature({ name: 'projects', routes: projectRoutes(reader, settings, cachesLists) })
