import type { Static } from 'typebox'
import type { WebhookDelivery, WebhookExecution, WebhookTask } from '../../../api/webhook-policies.ts'
import type { SupportedWebhookEventTypes, WebhookJob, WebhookLastTrigger } from '../../../api/webhooks.ts'
import { vendorOf, type Delivery } from './deliveries.ts'
import { eventTypes } from './events.ts'
import { senders } from './senders/senders.ts'
import type { LastTrigger } from './store.ts'

/** A delivery as Harbor shows it: an execution and its one task, both with the delivery's id. */
export function presentExecution({
  id,
  notifyType,
  policyId,
  status,
  message,
  trigger,
  eventType,
  body,
  createdAt,
  endedAt,
}: Delivery): Static<typeof WebhookExecution> {
  return {
    id,
    vendor_type: vendorOf(notifyType),
    vendor_id: policyId,
    status,
    status_message: message,
    trigger,
    start_time: createdAt.toISOString(),
    ...ended(endedAt),
    metrics: { task_count: 1, [metricOf[status]]: 1 },
    extra_attrs: { event_type: eventType, payload: body },
  }
}

const metricOf = {
  Pending: 'pending_task_count',
  Success: 'success_task_count',
  Error: 'error_task_count',
  Stopped: 'stopped_task_count',
}
const ended = (at: Date | null) => (at ? { end_time: at.toISOString() } : {})
const updated = ({ endedAt, startedAt, createdAt }: Delivery) => (endedAt ?? startedAt ?? createdAt).toISOString()

export function presentTask(delivery: Delivery): Static<typeof WebhookTask> {
  const { id, status, message, history, eventId, createdAt, startedAt, endedAt } = delivery
  return {
    id,
    execution_id: id,
    status,
    status_message: message,
    run_count: history.length,
    creation_time: createdAt.toISOString(),
    update_time: updated(delivery),
    ...(startedAt ? { start_time: startedAt.toISOString() } : {}),
    ...ended(endedAt),
    extra_attrs: { event_id: eventId },
  }
}

export function presentJob(delivery: Delivery): Static<typeof WebhookJob> {
  const { id, policyId, eventType, notifyType, status, body, createdAt } = delivery
  return {
    id,
    policy_id: policyId,
    event_type: eventType,
    notify_type: notifyType,
    status,
    job_detail: body,
    creation_time: createdAt.toISOString(),
    update_time: updated(delivery),
  }
}

export function presentLastTrigger(trigger: LastTrigger): Static<typeof WebhookLastTrigger> {
  const { name, eventType, isEnabled, createdAt, lastAt } = trigger
  return {
    policy_name: name,
    event_type: eventType,
    enabled: isEnabled,
    creation_time: createdAt.toISOString(),
    ...(lastAt ? { last_trigger_time: lastAt.toISOString() } : {}),
  }
}

/** The event types and kinds of targets that a policy can choose. */
export function presentEventTypes(): Static<typeof SupportedWebhookEventTypes> {
  const formatted = senders.filter(({ formats }) => formats.length > 0)
  return {
    event_type: Object.keys(eventTypes),
    notify_type: senders.map(({ type }) => type),
    payload_formats: formatted.map(({ type, formats }) => ({ notify_type: type, formats: [...formats] })),
    without_producer: Object.entries(eventTypes)
      .filter(([, { isProduced }]) => !isProduced)
      .map(([type]) => type),
  }
}

export function presentDelivery(delivery: Delivery): Static<typeof WebhookDelivery> {
  const {
    id,
    policyId,
    targetId,
    eventId,
    eventType,
    notifyType,
    trigger,
    status,
    message,
    contentType,
    body,
    history,
    sentHeaders,
    answer,
    createdAt,
    endedAt,
    dueAt,
  } = delivery
  return {
    id,
    policy_id: policyId,
    ...(targetId === null ? {} : { target_id: targetId }),
    event_id: eventId,
    event_type: eventType,
    notify_type: notifyType,
    trigger,
    status,
    status_message: message,
    creation_time: createdAt.toISOString(),
    ...ended(endedAt),
    ...(status === 'Pending' ? { next_try: dueAt.toISOString() } : {}),
    request: { method: 'POST', content_type: contentType, ...(sentHeaders ? { headers: sentHeaders } : {}), body },
    tries: history,
    ...(answer ? { response: answer } : {}),
  }
}

/** The log of the execution's one task: one line for each try, without address and headers, which may hold secrets. */
export function logOf({
  createdAt,
  eventType,
  eventId,
  body,
  history,
  status,
  message,
  endedAt,
  dueAt,
}: Delivery): string {
  const line = (at: string, level: string, text: string) => `${at} [${level}] ${text}`
  const tries = history.map(({ at, took_ms: took, status: code, error }, index) =>
    line(
      at,
      code !== undefined && code < 300 ? 'INFO' : 'ERROR',
      `try ${index + 1}: ${code === undefined ? error : `answered with ${code}`} after ${took} ms`,
    ),
  )
  const end =
    status === 'Pending'
      ? line(dueAt.toISOString(), 'INFO', 'the next try is not before this')
      : line(
          (endedAt ?? dueAt).toISOString(),
          status === 'Success' ? 'INFO' : 'ERROR',
          status === 'Success' ? 'delivered' : `${status}: ${message}`,
        )
  return [
    line(createdAt.toISOString(), 'INFO', `${eventType}, event ${eventId}, body: ${body}`),
    ...tries,
    end,
    '',
  ].join('\n')
}
