import { Type } from './type.ts'
import { operation } from './operation.ts'
import { idParam, listQuery, ownBounds, ProjectEither } from './requests.ts'
import { webhookOperations } from './webhook-policies.ts'

const time = Type.String({ format: 'date-time' })

/** `last_trigger_time` is absent when the policy has not been triggered yet. */
export const WebhookLastTrigger = Type.Object({
  policy_name: Type.String(),
  event_type: Type.String(),
  enabled: Type.Boolean(),
  creation_time: time,
  last_trigger_time: Type.Optional(time),
})

export const WebhookJob = Type.Object({
  id: Type.Integer(),
  policy_id: Type.Integer(),
  event_type: Type.String(),
  notify_type: Type.String(),
  status: Type.String(),
  job_detail: Type.String(),
  creation_time: time,
  update_time: time,
})

export const SupportedWebhookEventTypes = Type.Object({
  event_type: Type.Array(Type.String()),
  notify_type: Type.Array(Type.String()),
  payload_formats: Type.Array(Type.Object({ notify_type: Type.String(), formats: Type.Array(Type.String()) })),
  /** Types that can be chosen, although nothing in Marina causes such events yet. */
  without_producer: Type.Array(Type.String()),
})

const path = '/projects/{project_name_or_id}/webhook'
const params = ProjectEither

export const {
  listPolicies,
  createPolicy,
  getPolicy,
  updatePolicy,
  deletePolicy,
  testPolicy,
  setTargetState,
  listExecutions,
  getDelivery,
  redeliver,
  redeliverRange,
  listTasks,
  getTaskLog,
} = webhookOperations({ path, scope: params.properties, noun: 'Webhook', whose: 'OfProject', of: 'of a project' })

export const listLastTriggers = operation({
  id: 'LastTrigger',
  tag: 'webhook',
  method: 'GET',
  path: `${path}/lasttrigger`,
  summary: 'When each policy was last triggered, by type of event',
  params,
  status: 200,
  answer: Type.Array(WebhookLastTrigger),
})

export const getSupportedEventTypes = operation({
  id: 'GetSupportedEventTypes',
  tag: 'webhook',
  method: 'GET',
  path: `${path}/events`,
  summary: 'Types of events, of targets and of payloads to choose from',
  params,
  status: 200,
  answer: SupportedWebhookEventTypes,
})

export const listWebhookJobs = operation({
  id: 'ListWebhookJobs',
  tag: 'webhookjob',
  method: 'GET',
  path: `${path}/jobs`,
  summary: 'List the deliveries of a policy in an older form',
  params,
  query: Type.Object({
    ...listQuery,
    policy_id: idParam,
    status: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: 10, ...ownBounds })])),
  }),
  status: 200,
  answer: Type.Array(WebhookJob),
  page: true,
})
