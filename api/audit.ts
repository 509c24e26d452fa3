import { Type } from 'typebox'

export const AuditLog = Type.Object({
  id: Type.Optional(Type.Integer()),
  username: Type.Optional(Type.String()),
  resource: Type.Optional(Type.String()),
  resource_type: Type.Optional(Type.String()),
  operation: Type.Optional(Type.String()),
  op_time: Type.Optional(Type.String({ format: 'date-time' })),
})

export const AuditLogExt = Type.Object({
  id: Type.Optional(Type.Integer()),
  username: Type.Optional(Type.String()),
  resource: Type.Optional(Type.String()),
  resource_type: Type.Optional(Type.String()),
  operation: Type.Optional(Type.String()),
  operation_description: Type.Optional(Type.String()),
  operation_result: Type.Optional(Type.Boolean()),
  op_time: Type.Optional(Type.String({ format: 'date-time' })),
})
