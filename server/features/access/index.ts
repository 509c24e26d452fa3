import { feature } from '../../platform/feature.ts'
import { permissionRoutes } from './routes.ts'

export * from './rules.ts'
export {
  accountRightsKey,
  changesMembersOf,
  changesRightsOfGroup,
  dropMember,
  dropRightsIn,
  findAccountRights,
  findRights,
  memberCountKey,
  robotFullName,
  robotKey,
  robotRightsKey,
  saveMember,
  tokenRightsKey,
} from './store.ts'
export { heldIn } from './held.ts'
export { workloadRightsKey } from './workloads.ts'
export { openAccess, route, type Access, type ApiRoute, type Granted } from './api.ts'

export { openRights, projectsHolding, viewerOf } from './rights.ts'

/** Roles, rights, and the permissions that a robot can be given. */
export const access = () => feature({ name: 'access', routes: permissionRoutes() })
