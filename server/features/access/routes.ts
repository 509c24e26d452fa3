import { Permissions } from '../../../api/permissions.ts'
import { Failure } from '../../platform/http/failure.ts'
import { route } from './api.ts'
import { grantable, isProjectAdmin } from './rules.ts'

export function permissionRoutes() {
  return [
    route({
      id: 'getPermissions', tag: 'permissions', method: 'GET', path: '/permissions', access: 'user',
      summary: "What a robot can be given; the system's part only for system administrators",
      schema: { answers: { 200: Permissions } },
      async handler({ rights }) {
        const isAdmin = rights.kind === 'user' && rights.isAdmin
        if (!isAdmin && !isProjectAdmin(rights)) throw new Failure('FORBIDDEN')
        const project = grantable.project.map(({ resource, action }) => ({ resource, action }))
        return { status: 200, body: { system: isAdmin ? grantable.system : [], project } }
      },
    }),
  ]
}
