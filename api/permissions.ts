import { Type } from 'typebox'

export const Permission = Type.Object({
  resource: Type.Optional(Type.String()),
  action: Type.Optional(Type.String()),
})

export const Permissions = Type.Object({
  system: Type.Optional(Type.Array(Permission)),
  project: Type.Optional(Type.Array(Permission)),
})
