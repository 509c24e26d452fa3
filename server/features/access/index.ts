import { feature } from '../../platform/feature.ts'
import { permissionRoutes } from './routes.ts'

export * from './rules.ts'
export { maySee } from './reach.ts'
export { holdable } from './holdable.ts'
export { demandGiving, partsOfPermission } from './giving.ts'
export { holds, matcherOf, ownRightsOf } from './own.ts'
export {
  accountRightsKey,
  changesMembersOf,
  changesRightsOfGroup,
  dropMember,
  dropRightsIn,
  findAccountRights,
  findRights,
  memberCountKey,
  permissionsOfRole,
  robotFullName,
  robotKey,
  robotRightsKey,
  saveMember,
  tokenRightsKey,
  type Confirm,
  type RightsReader,
} from './store.ts'
export { heldIn } from './held.ts'
export { workloadRightsKey } from './workloads.ts'
export { demandIn, openAccess, route, type Access, type ApiRoute, type Granted } from './api.ts'

export { openRights, partsHolding, projectsHolding, viewerIn, viewerInside, viewerOf } from './rights.ts'

/** Roles, rights, and the permissions that a robot can be given. */
export const access = () => feature({ name: 'access', routes: permissionRoutes() })
