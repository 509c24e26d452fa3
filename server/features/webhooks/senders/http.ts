import { eventTypes, type HookEvent } from '../events.ts'
import type { Sender } from './sender.ts'

/** Harbor's payload, field by field, or a CloudEvent. */
export const http: Sender = {
  type: 'http',
  vendor: 'WEBHOOK',
  formats: ['Default', 'CloudEvents'],
  needsTemplate: false,
  render: (event, { format, policyId }) =>
    format === 'CloudEvents'
      ? { contentType: 'application/cloudevents+json', body: JSON.stringify(cloudEvent(event, policyId)) }
      : { contentType: 'application/json', body: JSON.stringify(payload(event)) },
}

function payload({ type, occurredAt, operator, data }: HookEvent) {
  return { type, occur_at: Math.floor(occurredAt.getTime() / 1000), operator, event_data: data }
}

/** CloudEvents 1.0, structured mode, JSON. */
function cloudEvent({ id, type, occurredAt, operator, projectId, requestId, data }: HookEvent, policyId: number) {
  return {
    specversion: '1.0',
    id,
    source: `/projects/${projectId}/webhook/policies/${policyId}`,
    type: eventTypes[type].cloud,
    datacontenttype: 'application/json',
    time: `${occurredAt.toISOString().slice(0, 19)}Z`,
    data,
    operator,
    ...(requestId ? { requestid: requestId } : {}),
  }
}
