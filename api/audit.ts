import { Type } from './type.ts'
import { ExecHistory } from './jobs.ts'
import { operation } from './operation.ts'
import { idParam, ListQuery, ownBounds, positionQuery } from './requests.ts'

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

const masking = { tag: 'auditlog', path: '/system/audit-masking' } as const

export const maskAuditLog = operation({
  ...masking,
  id: 'maskAuditLog',
  method: 'POST',
  summary: 'Replace the name of an account that is gone by a checksum in the whole log; it runs as a job',
  body: Type.Object({
    username: Type.String({ minLength: 1, maxLength: 255, description: 'the name that the account had' }),
  }),
  status: 201,
})

export const listAuditMaskings = operation({
  ...masking,
  id: 'listAuditMaskings',
  method: 'GET',
  summary: 'List the runs that mask names in the log',
  query: ListQuery,
  status: 200,
  answer: Type.Array(ExecHistory),
  page: true,
})

export const getAuditMasking = operation({
  id: 'getAuditMasking',
  tag: masking.tag,
  method: 'GET',
  path: `${masking.path}/{masking_id}`,
  summary: 'Get a run that masks a name, with its counts so far',
  params: Type.Object({ masking_id: idParam }),
  status: 200,
  answer: ExecHistory,
})
