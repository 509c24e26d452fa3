import type { TProperties } from 'typebox'
import { Type } from './type.ts'
import { operation } from './operation.ts'
import { idParam, ListQuery } from './requests.ts'

const text = Type.Optional(Type.String())
const integer = Type.Optional(Type.Integer())
const flag = Type.Optional(Type.Boolean())
const time = Type.String({ format: 'date-time' })
const perhapsTime = Type.Optional(time)
const texts = Type.Record(Type.String(), Type.String())

/**
 * Harbor's fields, then Marina's own. Secrets that are set are shown as `******`; a request that sends this back keeps
 * them. What a request says of a target's state (`paused` and so on) has no effect.
 */
export const WebhookTargetReq = Type.Object({
  type: text,
  address: text,
  auth_header: text,
  skip_cert_verify: flag,
  payload_format: text,
  id: integer,
  headers: Type.Optional(texts),
  secret: text,
  secret_before_until: perhapsTime,
  template: text,
  paused: flag,
  paused_since: perhapsTime,
  paused_reason: text,
  resting_until: perhapsTime,
})

export const WebhookTarget = Type.Object({
  type: Type.String(),
  address: Type.String(),
  auth_header: text,
  skip_cert_verify: Type.Boolean(),
  payload_format: text,
  id: Type.Integer(),
  headers: texts,
  secret: text,
  secret_before_until: perhapsTime,
  template: text,
  paused: Type.Boolean(),
  paused_since: perhapsTime,
  paused_reason: text,
  resting_until: perhapsTime,
})

export const WebhookPolicyReq = Type.Object({
  id: integer,
  name: text,
  description: text,
  project_id: integer,
  targets: Type.Optional(Type.Array(WebhookTargetReq)),
  event_types: Type.Optional(Type.Array(Type.String())),
  creator: text,
  creation_time: perhapsTime,
  update_time: perhapsTime,
  enabled: flag,
  repository_filter: text,
  tag_filter: text,
})

/** `project_id` is 0 for a policy of the whole system. */
export const WebhookPolicy = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  description: Type.String(),
  project_id: Type.Integer(),
  targets: Type.Array(WebhookTarget),
  event_types: Type.Array(Type.String()),
  creator: Type.String(),
  creation_time: time,
  update_time: time,
  enabled: Type.Boolean(),
  repository_filter: Type.String(),
  tag_filter: Type.String(),
})

export const WebhookExecution = Type.Object({
  id: Type.Integer(),
  vendor_type: Type.String(),
  vendor_id: Type.Integer(),
  status: Type.String(),
  status_message: Type.String(),
  trigger: Type.String(),
  start_time: time,
  end_time: perhapsTime,
  metrics: Type.Record(Type.String(), Type.Integer()),
  extra_attrs: texts,
})

export const WebhookTask = Type.Object({
  id: Type.Integer(),
  execution_id: Type.Integer(),
  status: Type.String(),
  status_message: Type.String(),
  run_count: Type.Integer(),
  creation_time: time,
  update_time: time,
  start_time: perhapsTime,
  end_time: perhapsTime,
  extra_attrs: texts,
})

/**
 * One delivery with what was sent, each try, and the last answer. Times in ms where so named. The request's headers are
 * those of the last try, with what an account has set shown as `******`.
 */
export const WebhookDelivery = Type.Object({
  id: Type.Integer(),
  policy_id: Type.Integer(),
  target_id: integer,
  event_id: Type.String(),
  event_type: Type.String(),
  notify_type: Type.String(),
  trigger: Type.String(),
  status: Type.String(),
  status_message: Type.String(),
  creation_time: Type.String(),
  end_time: perhapsTime,
  next_try: perhapsTime,
  request: Type.Object({
    method: Type.String(),
    content_type: Type.String(),
    headers: Type.Optional(texts),
    body: Type.String(),
  }),
  tries: Type.Array(Type.Object({ at: Type.String(), took_ms: Type.Integer(), status: integer, error: text })),
  response: Type.Optional(
    Type.Object({
      status: Type.Integer(),
      headers: texts,
      body: Type.String(),
      is_cut: Type.Boolean(),
    }),
  ),
})

const RedeliverReq = Type.Object({
  first: idParam,
  last: idParam,
  status: Type.Optional(Type.Union([Type.Literal('Error'), Type.Literal('Success'), Type.Literal('Stopped')])),
})

const Redelivered = Type.Object({ count: Type.Integer(), last: integer, repeated_until: integer })

/** A project's policies or the system's: the path before their own, its parameters, and their names in operationIds. */
type Side<Scope extends TProperties> = {
  path: string
  scope: Scope
  noun: 'Webhook' | 'SystemWebhook'
  whose: 'OfProject' | ''
  of: string
}

const tag = 'webhook'

/** Harbor's operations on a project's policies, and Marina's own beside them; the system's policies have the same. */
export function webhookOperations<Scope extends TProperties>(side: Side<Scope>) {
  return { ...policyOperations(side), ...deliveryOperations(side) }
}

function policyOperations<Scope extends TProperties>({ path, scope, noun, whose, of }: Side<Scope>) {
  const [list, one] = [`${path}/policies`, `${path}/policies/{webhook_policy_id}`]
  const [params, policyParams] = [Type.Object(scope), Type.Object({ ...scope, webhook_policy_id: idParam })]
  return {
    listPolicies: operation({
      id: `List${noun}Policies${whose}`,
      tag,
      method: 'GET',
      path: list,
      summary: `List the webhook policies ${of}`,
      params,
      query: ListQuery,
      status: 200,
      answer: Type.Array(WebhookPolicy),
      page: true,
    }),
    createPolicy: operation({
      id: `Create${noun}Policy${whose}`,
      tag,
      method: 'POST',
      path: list,
      summary: `Create a webhook policy ${of}`,
      params,
      body: WebhookPolicyReq,
      status: 201,
    }),
    getPolicy: operation({
      id: `Get${noun}Policy${whose}`,
      tag,
      method: 'GET',
      path: one,
      summary: 'Get a webhook policy; secrets are shown as ******',
      params: policyParams,
      status: 200,
      answer: WebhookPolicy,
    }),
    updatePolicy: operation({
      id: `Update${noun}Policy${whose}`,
      tag,
      method: 'PUT',
      path: one,
      summary: 'Change a webhook policy; a secret sent as ****** stays as it is',
      params: policyParams,
      body: WebhookPolicyReq,
      status: 200,
    }),
    deletePolicy: operation({
      id: `Delete${noun}Policy${whose}`,
      tag,
      method: 'DELETE',
      path: one,
      summary: 'Delete a webhook policy with its history',
      params: policyParams,
      status: 200,
    }),
    testPolicy: operation({
      id: `Test${noun}Policy`,
      tag,
      method: 'POST',
      path: `${one}/test`,
      summary: 'Send an event that did not happen to all targets of a policy',
      params: policyParams,
      body: Type.Object({ event_type: text }),
      status: 200,
      answer: Type.Object({ executions: Type.Array(Type.Integer()) }),
    }),
    setTargetState: operation({
      id: `Set${noun}TargetState`,
      tag,
      method: 'PUT',
      path: `${one}/targets/{target_id}`,
      summary: 'Pause or resume a target',
      params: Type.Object({ ...scope, webhook_policy_id: idParam, target_id: idParam }),
      body: Type.Object({ paused: Type.Boolean() }),
      status: 200,
    }),
  }
}

function deliveryOperations<Scope extends TProperties>({ path, scope, noun }: Side<Scope>) {
  const policy = `${path}/policies/{webhook_policy_id}`
  const [list, one] = [`${policy}/executions`, `${policy}/executions/{execution_id}`]
  const policyParams = Type.Object({ ...scope, webhook_policy_id: idParam })
  const params = Type.Object({ ...scope, webhook_policy_id: idParam, execution_id: idParam })
  return {
    listExecutions: operation({
      id: `ListExecutionsOf${noun}Policy`,
      tag,
      method: 'GET',
      path: list,
      summary: 'List the deliveries of a policy, newest first',
      params: policyParams,
      query: ListQuery,
      status: 200,
      answer: Type.Array(WebhookExecution),
      page: true,
    }),
    getDelivery: operation({
      id: `Get${noun}Delivery`,
      tag,
      method: 'GET',
      path: one,
      summary: 'Get a delivery with what was sent, each try and the last answer',
      params,
      status: 200,
      answer: WebhookDelivery,
    }),
    redeliver: operation({
      id: `Redeliver${noun}`,
      tag,
      method: 'POST',
      path: `${one}/redeliver`,
      summary: 'Send again what a delivery sent',
      params,
      status: 201,
    }),
    redeliverRange: operation({
      id: `Redeliver${noun}s`,
      tag,
      method: 'POST',
      path: `${policy}/redeliver`,
      summary:
        'Send a range of deliveries again, at most 10000 at a time; ' +
        'repeated_until is the last one sent, a further call begins after it',
      params: policyParams,
      body: RedeliverReq,
      status: 200,
      answer: Redelivered,
    }),
    listTasks: operation({
      id: `ListTasksOf${noun}Execution`,
      tag,
      method: 'GET',
      path: `${one}/tasks`,
      summary: 'List the tasks of a delivery; there is one',
      params,
      query: ListQuery,
      status: 200,
      answer: Type.Array(WebhookTask),
      page: true,
    }),
    getTaskLog: operation({
      id: `GetLogsOf${noun}Task`,
      tag,
      method: 'GET',
      path: `${one}/tasks/{task_id}/log`,
      summary: 'Read what happened to a delivery, a line for each try',
      params: Type.Object({ ...scope, webhook_policy_id: idParam, execution_id: idParam, task_id: idParam }),
      status: 200,
      answer: Type.String(),
    }),
  }
}
