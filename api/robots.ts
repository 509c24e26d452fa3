import { Type } from 'typebox'

const Access = Type.Object({
  resource: Type.Optional(Type.String()),
  action: Type.Optional(Type.String()),
  effect: Type.Optional(Type.String()),
})

const RobotPermission = Type.Object({
  kind: Type.Optional(Type.String()),
  namespace: Type.Optional(Type.String()),
  access: Type.Optional(Type.Array(Access)),
})

export const Robot = Type.Object({
  id: Type.Optional(Type.Integer()),
  name: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  secret: Type.Optional(Type.String()),
  level: Type.Optional(Type.String()),
  duration: Type.Optional(Type.Integer()),
  editable: Type.Optional(Type.Boolean()),
  disable: Type.Optional(Type.Boolean()),
  expires_at: Type.Optional(Type.Integer()),
  permissions: Type.Optional(Type.Array(RobotPermission)),
  creator_type: Type.Optional(Type.String()),
  creator_ref: Type.Optional(Type.Integer()),
  creation_time: Type.Optional(Type.String({ format: 'date-time' })),
  update_time: Type.Optional(Type.String({ format: 'date-time' })),
  last_used_time: Type.Optional(Type.String({ format: 'date-time', description: 'its last login, absent before the first; not in Harbor' })),
})

export const RobotCreate = Type.Object({
  name: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  secret: Type.Optional(Type.String()),
  level: Type.Optional(Type.String()),
  disable: Type.Optional(Type.Boolean()),
  duration: Type.Optional(Type.Integer()),
  permissions: Type.Optional(Type.Array(RobotPermission)),
})

export const RobotCreated = Type.Object({
  id: Type.Optional(Type.Integer()),
  name: Type.Optional(Type.String()),
  secret: Type.Optional(Type.String()),
  creation_time: Type.Optional(Type.String({ format: 'date-time' })),
  expires_at: Type.Optional(Type.Integer()),
})

export const RobotSec = Type.Object({
  secret: Type.Optional(Type.String()),
})
