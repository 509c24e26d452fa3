import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import { userGroupRoutes, type GroupRoutesOptions } from './routes.ts'
import { facts } from './topics.ts'

export { addGroup, groupProblem, setGroupsOf } from './actions.ts'
export { replaceGroupsOf } from './store.ts'
export { findGroup, findGroupByDn, findGroupByName, groupTypes, type Group, type GroupType } from './store.ts'

/** Groups of accounts: from LDAP, HTTP or OIDC. */
export const userGroups = ({ reader, findInDirectory }: { reader: Reader & { db: Db } } & GroupRoutesOptions) =>
  feature({ name: 'user-groups', topics: facts, routes: userGroupRoutes(reader, { findInDirectory }) })
