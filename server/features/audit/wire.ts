import type { Static } from 'typebox'
import type { AuditLog, AuditLogExt } from '../../../api/audit.ts'
import type { Entry } from './rules.ts'

export function presentEntry({
  id,
  by,
  resource,
  resourceType,
  operation,
  occurredAt,
}: Entry): Static<typeof AuditLog> {
  return { id, username: by.name, resource, resource_type: resourceType, operation, op_time: occurredAt.toISOString() }
}

export function presentExtended(entry: Entry): Static<typeof AuditLogExt> {
  const { description, isSuccess, address, requestId, eventId, projectId, details } = entry
  return {
    ...presentEntry(entry),
    operation_description: description,
    operation_result: isSuccess,
    ...(address === null ? {} : { client_address: address }),
    ...(requestId === null ? {} : { request_id: requestId }),
    ...(eventId === null ? {} : { event_id: eventId }),
    ...(projectId === null ? {} : { project_id: projectId }),
    ...(details === null ? {} : { details }),
  }
}
