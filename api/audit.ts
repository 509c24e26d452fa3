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
  client_address: Type.Optional(Type.String({ description: 'where the request came from' })),
  request_id: Type.Optional(Type.String()),
  event_id: Type.Optional(Type.String({ description: 'of the event that it is, or is about: the id that webhooks send along' })),
  project_id: Type.Optional(Type.Integer()),
  details: Type.Optional(Type.Object({}, { additionalProperties: true, description: 'what changed, without secrets' })),
})

export const AuditLogEventType = Type.Object({ event_type: Type.Optional(Type.String()) })
