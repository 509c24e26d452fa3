import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import { memberRoutes } from './routes.ts'
import { facts } from './topics.ts'

export { changesRightsOf, findEntity, type Wanted as WantedEntity } from './actions.ts'
export { parseWanted } from './routes.ts'

/** Accounts and groups with their roles in projects. */
export const members = ({ reader }: { reader: Reader & { db: Db } }) =>
  feature({ name: 'members', topics: facts, routes: memberRoutes(reader) })
