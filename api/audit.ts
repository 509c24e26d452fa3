import { Type } from './type.ts'
import { operation } from './operation.ts'
import { ownBounds, positionQuery } from './requests.ts'

export const AuditLog = Type.Object({
  id: Type.Integer(),
  username: Type.String(),
  resource: Type.String(),
  resource_type: Type.String(),
  operation: Type.String(),
  op_time: Type.String({ format: 'date-time' }),
})

export const AuditLogExt = Type.Object({
  id: Type.Integer(),
  username: Type.String(),
  resource: Type.String(),
  resource_type: Type.String(),
  operation: Type.String(),
  operation_description: Type.String(),
  operation_result: Type.Boolean(),
  op_time: Type.String({ format: 'date-time' }),
  client_address: Type.Optional(Type.String({ description: 'where the request came from' })),
  request_id: Type.Optional(Type.String()),
  event_id: Type.Optional(
    Type.String({ description: 'id of the event that the entry is or is about; webhooks send the same id' }),
  ),
  project_id: Type.Optional(Type.Integer()),
  details: Type.Optional(Type.Object({}, { additionalProperties: true, description: 'what changed, without secrets' })),
})

export const AuditLogEventType = Type.Object({ event_type: Type.String() })

const ofSystem = {
  tag: 'auditlog',
  method: 'GET',
  query: Type.Object(positionQuery),
  status: 200,
  page: true,
  summary: 'List the log: all of it for system administrators, else that of projects whose log the caller may read',
} as const

const ofProject = {
  tag: 'project',
  method: 'GET',
  summary: "List a project's log",
  params: Type.Object({ project_name: Type.String({ maxLength: 255, ...ownBounds }) }),
  query: Type.Object(positionQuery),
  status: 200,
  page: true,
} as const

export const listAuditLogs = operation({
  ...ofSystem,
  id: 'listAuditLogs',
  path: '/audit-logs',
  answer: Type.Array(AuditLog),
})

export const listAuditLogExts = operation({
  ...ofSystem,
  id: 'listAuditLogExts',
  path: '/auditlog-exts',
  answer: Type.Array(AuditLogExt),
})

export const listAuditLogEventTypes = operation({
  id: 'listAuditLogEventTypes',
  tag: 'auditlog',
  method: 'GET',
  path: '/auditlog-exts/events',
  summary: 'List the types of events that can be switched off or purged',
  status: 200,
  answer: Type.Array(AuditLogEventType),
})

export const listProjectLogs = operation({
  ...ofProject,
  id: 'getLogs',
  path: '/projects/{project_name}/logs',
  answer: Type.Array(AuditLog),
})

export const listProjectLogExts = operation({
  ...ofProject,
  id: 'getLogExts',
  path: '/projects/{project_name}/auditlog-exts',
  answer: Type.Array(AuditLogExt),
})
