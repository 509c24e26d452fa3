import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import { roleRoutes } from './routes.ts'
import { facts } from './topics.ts'

export { listHolders, sourcesOfAccount, type Holder, type Source } from './holders.ts'

/** Roles of one's own, who holds them where, and the auditors of the system. */
export const ownRoles = ({ reader }: { reader: Reader & { db: Db } }) =>
  feature({ name: 'roles', topics: facts, routes: roleRoutes({ reader }) })
