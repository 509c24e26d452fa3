import { Type } from './type.ts'
import { operation } from './operation.ts'

export const Permission = Type.Object({
  resource: Type.String(),
  action: Type.String(),
})

export const Permissions = Type.Object({
  system: Type.Array(Permission),
  project: Type.Array(Permission),
})

export const getPermissions = operation({
  id: 'getPermissions',
  tag: 'permissions',
  method: 'GET',
  path: '/permissions',
  summary: 'List the permissions that a robot can be given; those of the system only for system administrators',
  status: 200,
  answer: Permissions,
})
