import { Type } from 'typebox'

const text = Type.Optional(Type.String())
const integer = Type.Optional(Type.Integer())
const time = Type.Optional(Type.String({ format: 'date-time' }))
const flag = Type.Optional(Type.Boolean())

/** Harbor's fields, then Marina's own. Secrets that are set are shown as `******`, which sent back keeps them. */
export const WebhookTarget = Type.Object({
  type: text, address: text, auth_header: text, skip_cert_verify: flag, payload_format: text,
  id: integer,
  headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  secret: text, secret_before_until: time,
  template: text,
  paused: flag, paused_since: time, paused_reason: text, resting_until: time,
})

export const WebhookPolicy = Type.Object({
  id: integer, name: text, description: text, project_id: integer, targets: Type.Optional(Type.Array(WebhookTarget)), event_types: Type.Optional(Type.Array(Type.String())),
  creator: text, creation_time: time, update_time: time, enabled: flag,
  repository_filter: text, tag_filter: text,
})

export const WebhookLastTrigger = Type.Object({ policy_name: text, event_type: text, enabled: flag, creation_time: time, last_trigger_time: time })

export const WebhookJob = Type.Object({ id: integer, policy_id: integer, event_type: text, notify_type: text, status: text, job_detail: text, creation_time: time, update_time: time })

export const SupportedWebhookEventTypes = Type.Object({
  event_type: Type.Array(Type.String()), notify_type: Type.Array(Type.String()),
  payload_formats: Type.Array(Type.Object({ notify_type: Type.String(), formats: Type.Array(Type.String()) })),
  /** Types that can be chosen, though nothing in Marina causes them yet. */
  without_producer: Type.Array(Type.String()),
})

export const WebhookExecution = Type.Object({
  id: integer, vendor_type: text, vendor_id: integer, status: text, status_message: text, trigger: text, start_time: time, end_time: time,
  metrics: Type.Record(Type.String(), Type.Integer()), extra_attrs: Type.Record(Type.String(), Type.String()),
})

export const WebhookTask = Type.Object({
  id: integer, execution_id: integer, status: text, status_message: text, run_count: integer, creation_time: time, update_time: time, start_time: time, end_time: time,
  extra_attrs: Type.Record(Type.String(), Type.String()),
})

/** One delivery with what was sent, each try, and the last answer. Times in ms where so named. */
export const WebhookDelivery = Type.Object({
  id: Type.Integer(), policy_id: Type.Integer(), target_id: integer, event_id: Type.String(), event_type: Type.String(), notify_type: Type.String(), trigger: Type.String(), status: Type.String(), status_message: Type.String(),
  creation_time: Type.String(), end_time: time, next_try: time,
  request: Type.Object({ content_type: Type.String(), body: Type.String() }),
  tries: Type.Array(Type.Object({ at: Type.String(), took_ms: Type.Integer(), status: integer, error: text })),
  response: Type.Optional(Type.Object({ status: Type.Integer(), headers: Type.Record(Type.String(), Type.String()), body: Type.String(), is_cut: Type.Boolean() })),
})
