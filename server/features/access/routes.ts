import * as api from '../../../api/permissions.ts'
import { Failure } from '../../platform/http/failure.ts'
import { route, type ApiRoute } from './api.ts'
import { isProjectAdmin } from './reach.ts'
import { grantable } from './rules.ts'

/** Lists the permissions that a robot can be given, to administrators of the system or of any project. */
export function permissionRoutes(): ApiRoute[] {
  return [
    route(api.getPermissions, 'user', async ({ rights }) => {
      const isAdmin = rights.kind === 'user' && rights.isAdmin
      if (!isAdmin && !isProjectAdmin(rights)) throw new Failure('FORBIDDEN')
      return { system: isAdmin ? grantable.system : [], project: grantable.project }
    }),
  ]
}
