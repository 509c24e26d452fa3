import { Type } from 'typebox'
import { idParam, ListQuery, listQuery, ProjectEither } from '../../../api/requests.ts'
import { SupportedWebhookEventTypes, WebhookDelivery, WebhookExecution, WebhookJob, WebhookLastTrigger, WebhookPolicy, WebhookTask } from '../../../api/webhooks.ts'
import type { Project } from '../../catalog/project.ts'
import { listing } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { pageHeaders } from '../../platform/http/paging.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type Access, type Verb } from '../access/index.ts'
import { createPolicy, deletePolicy, notFound, repeat, setPaused, testPolicy, updatePolicy, type Ground, type Scope } from './actions.ts'
import { deliveryFields, deliveryOrder, findDelivery, listDeliveries, type Delivery } from './deliveries.ts'
import { eventTypes, isEventType } from './events.ts'
import { logOf, presentDelivery, presentExecution, presentJob, presentTask } from './present.ts'
import { senders } from './senders/senders.ts'
import { findPolicy, listLastTriggers, listPolicies, listTargets, policyFields, policyOrder } from './store.ts'
import { eventTypesOf, newPolicy, parsePolicy, parseTargets, presentPolicy } from './wire.ts'

const tag = 'webhook'

export type RoutesOptions = Ground & { host: string; overlapMs: number }

/** What differs between a project's policies and the system's: path, names, who may. */
type Side = { path: string; base(scope: Scope): string; id(name: string): string; of: string; params: Record<string, ReturnType<typeof Type.String>>; access(verb: Verb): Access; scopeOf(project: Project | undefined): Scope }

const ofProject: Side = {
  path: '/projects/{project_name_or_id}/webhook', base: ({ name }) => `/api/v2.0/projects/${name}/webhook`, id: (name) => name, of: 'of a project', params: ProjectEither.properties,
  access: (verb) => ({ project: 'notification-policy', verb }), scopeOf: (project) => ({ projectId: project!.id, name: project!.name }),
}
const ofSystem: Side = {
  path: '/system/webhook', base: () => '/api/v2.0/system/webhook', id: (name) => name.replace(/OfProject$/, '').replace(/(Webhook|Event)/, 'System$1'), of: 'of the whole system', params: {},
  access: (verb) => ({ system: 'configuration', verb }), scopeOf: () => ({ projectId: null, name: 'system' }),
}

/** Harbor's operations on webhooks, Marina's own beside them, and the same for policies of the whole system. */
export function webhookRoutes(options: RoutesOptions) {
  return [...policyRoutes(options, ofProject), ...deliveryRoutes(options, ofProject), ...projectRoutes(options), ...policyRoutes(options, ofSystem), ...deliveryRoutes(options, ofSystem)]
}

function policyRoutes({ db, secrets, host, overlapMs }: RoutesOptions, side: Side) {
  const path = `${side.path}/policies`
  const one = `${path}/{webhook_policy_id}`
  const Scoped = Type.Object(side.params)
  const Params = Type.Object({ ...side.params, webhook_policy_id: idParam })
  const ground = { db, secrets }
  return [
    route({
      id: side.id('ListWebhookPoliciesOfProject'), tag, method: 'GET', path, access: side.access('list'),
      summary: `List the webhook policies ${side.of}`,
      schema: { params: Scoped, query: ListQuery, answers: { 200: Type.Array(WebhookPolicy) } },
      async handler({ project, query, header }) {
        const scope = side.scopeOf(project)
        const asked = listing(policyFields, query, policyOrder)
        const { policies, total } = await listPolicies(db, scope.projectId, asked)
        const targets = await listTargets(db, secrets, policies.map(({ id }) => id))
        pageHeaders(`${side.base(scope)}/policies`, query, asked.page, asked.pageSize, total, header)
        return { status: 200, body: policies.map((policy) => presentPolicy(policy, targets.get(policy.id)!)) }
      },
    }),
    route({
      id: side.id('CreateWebhookPolicyOfProject'), tag, method: 'POST', path, access: side.access('create'),
      summary: `Create a webhook policy ${side.of}`,
      schema: { params: Scoped, body: WebhookPolicy, answers: { 201: null } },
      async handler({ project, body, caller, header }) {
        const scope = side.scopeOf(project)
        const { eventTypes: types, ...policy } = parsePolicy(body)
        const targets = parseTargets(body.targets ?? [], [], overlapMs).map(({ target }) => target)
        const id = await createPolicy(ground, actorOf(caller), scope, { ...newPolicy, ...policy, eventTypes: eventTypesOf(types) }, targets)
        header('location', `${side.base(scope)}/policies/${id}`)
        return { status: 201 }
      },
    }),
    route({
      id: side.id('GetWebhookPolicyOfProject'), tag, method: 'GET', path: one, access: side.access('read'),
      summary: 'Get a webhook policy; secrets are shown as ******',
      schema: { params: Params, answers: { 200: WebhookPolicy } },
      async handler({ project, params: { webhook_policy_id: id } }) {
        const policy = await findPolicy(db, side.scopeOf(project).projectId, id)
        if (!policy) throw notFound(id)
        return { status: 200, body: presentPolicy(policy, (await listTargets(db, secrets, [id])).get(id)!) }
      },
    }),
    route({
      id: side.id('UpdateWebhookPolicyOfProject'), tag, method: 'PUT', path: one, access: side.access('update'),
      summary: 'Change a webhook policy; a secret sent as ****** stays as it is',
      schema: { params: Params, body: WebhookPolicy, answers: { 200: null } },
      async handler({ project, params: { webhook_policy_id: id }, body, caller }) {
        const { eventTypes: types, ...policy } = parsePolicy(body)
        await updatePolicy(ground, actorOf(caller), side.scopeOf(project), id, { ...policy, eventTypes: eventTypesOf(types) }, (known) => parseTargets(body.targets ?? [], known, overlapMs))
        return { status: 200 }
      },
    }),
    route({
      id: side.id('DeleteWebhookPolicyOfProject'), tag, method: 'DELETE', path: one, access: side.access('delete'),
      summary: 'Delete a webhook policy with its history',
      schema: { params: Params, answers: { 200: null } },
      async handler({ project, params: { webhook_policy_id: id }, caller }) {
        await deletePolicy(ground, actorOf(caller), side.scopeOf(project), id)
        return { status: 200 }
      },
    }),
    route({
      id: side.id('TestWebhookPolicy'), tag, method: 'POST', path: `${one}/test`, access: side.access('update'),
      summary: 'Send an event that did not happen to all targets of a policy',
      schema: { params: Params, body: Type.Object({ event_type: Type.Optional(Type.String()) }), answers: { 200: Type.Object({ executions: Type.Array(Type.Integer()) }) } },
      async handler({ project, params: { webhook_policy_id: id }, body: { event_type: type }, caller }) {
        if (type !== undefined && !isEventType(type)) throw new Failure('BAD_REQUEST', `unsupported event type ${type.slice(0, 60)}`)
        return { status: 200, body: { executions: await testPolicy(ground, actorOf(caller), side.scopeOf(project), id, type, host) } }
      },
    }),
    route({
      id: side.id('SetWebhookTargetState'), tag, method: 'PUT', path: `${one}/targets/{target_id}`, access: side.access('update'),
      summary: 'Pause a target, or let it go on',
      schema: { params: Type.Object({ ...Params.properties, target_id: idParam }), body: Type.Object({ paused: Type.Boolean() }), answers: { 200: null } },
      async handler({ project, params: { webhook_policy_id: id, target_id: targetId }, body: { paused }, caller }) {
        await setPaused(ground, actorOf(caller), side.scopeOf(project), id, targetId, paused)
        return { status: 200 }
      },
    }),
  ]
}

function deliveryRoutes({ db, secrets }: RoutesOptions, side: Side) {
  const one = `${side.path}/policies/{webhook_policy_id}`
  const path = `${one}/executions`
  const Params = Type.Object({ ...side.params, webhook_policy_id: idParam })
  const OneParams = Type.Object({ ...Params.properties, execution_id: idParam })
  const ground = { db, secrets }
  const demandPolicy = async (scope: Scope, id: number) => {
    if (!(await findPolicy(db, scope.projectId, id))) throw notFound(id)
  }
  /** Throws NOT_FOUND for one of another policy, and for a policy of another project (H13, H19). */
  const get = async (scope: Scope, policyId: number, id: number): Promise<Delivery> => {
    await demandPolicy(scope, policyId)
    const delivery = await findDelivery(db, policyId, id)
    if (!delivery) throw new Failure('NOT_FOUND', `the policy has no execution ${id}`)
    return delivery
  }
  return [
    route({
      id: side.id('ListExecutionsOfWebhookPolicy'), tag, method: 'GET', path, access: side.access('read'),
      summary: 'List the deliveries of a policy, newest first',
      schema: { params: Params, query: ListQuery, answers: { 200: Type.Array(WebhookExecution) } },
      async handler({ project, params: { webhook_policy_id: id }, query, header }) {
        const scope = side.scopeOf(project)
        await demandPolicy(scope, id)
        const asked = listing(deliveryFields, query, deliveryOrder)
        const { deliveries, total } = await listDeliveries(db, id, asked)
        pageHeaders(`${side.base(scope)}/policies/${id}/executions`, query, asked.page, asked.pageSize, total, header)
        return { status: 200, body: deliveries.map(presentExecution) }
      },
    }),
    route({
      id: side.id('GetWebhookDelivery'), tag, method: 'GET', path: `${path}/{execution_id}`, access: side.access('read'),
      summary: 'Get a delivery with what was sent, each try and the last answer',
      schema: { params: OneParams, answers: { 200: WebhookDelivery } },
      handler: async ({ project, params }) => ({ status: 200, body: presentDelivery(await get(side.scopeOf(project), params.webhook_policy_id, params.execution_id)) }),
    }),
    route({
      id: side.id('RedeliverWebhook'), tag, method: 'POST', path: `${path}/{execution_id}/redeliver`, access: side.access('update'),
      summary: 'Send again what a delivery sent',
      schema: { params: OneParams, answers: { 201: null } },
      async handler({ project, params: { webhook_policy_id: policyId, execution_id: id }, caller, header }) {
        const scope = side.scopeOf(project)
        const { status, targetId } = await get(scope, policyId, id)
        const [made] = await repeat(ground, actorOf(caller), scope, policyId, { first: id, last: id, status: undefined })
        if (made === undefined) throw new Failure('PRECONDITION', status === 'Pending' ? 'this delivery still waits for its turn' : targetId === null ? 'the policy no longer has this target' : undefined)
        header('location', `${side.base(scope)}/policies/${policyId}/executions/${made.id}`)
        return { status: 201 }
      },
    }),
    route({
      id: side.id('RedeliverWebhooks'), tag, method: 'POST', path: `${one}/redeliver`, access: side.access('update'),
      summary: 'Send a range of deliveries again, at most 10000 at a time; repeated_until is the last of them, behind which a further call goes on',
      schema: {
        params: Params,
        body: Type.Object({ first: idParam, last: idParam, status: Type.Optional(Type.Union([Type.Literal('Error'), Type.Literal('Success'), Type.Literal('Stopped')])) }),
        answers: { 200: Type.Object({ count: Type.Integer(), last: Type.Optional(Type.Integer()), repeated_until: Type.Optional(Type.Integer()) }) },
      },
      async handler({ project, params: { webhook_policy_id: id }, body: { first, last, status }, caller }) {
        const made = await repeat(ground, actorOf(caller), side.scopeOf(project), id, { first, last, status })
        const newest = made.at(-1)
        return { status: 200, body: { count: made.length, ...(newest ? { last: newest.id, repeated_until: newest.until } : {}) } }
      },
    }),
    route({
      id: side.id('ListTasksOfWebhookExecution'), tag, method: 'GET', path: `${path}/{execution_id}/tasks`, access: side.access('read'),
      summary: 'List the tasks of a delivery; there is one',
      schema: { params: OneParams, query: ListQuery, answers: { 200: Type.Array(WebhookTask) } },
      async handler({ project, params: { webhook_policy_id: policyId, execution_id: id }, query, header }) {
        const scope = side.scopeOf(project)
        await get(scope, policyId, id)
        const asked = listing(deliveryFields, { ...query, q: [`id=${id}`, ...(query.q ? [query.q] : [])].join(',') }, deliveryOrder)
        const { deliveries, total } = await listDeliveries(db, policyId, asked)
        pageHeaders(`${side.base(scope)}/policies/${policyId}/executions/${id}/tasks`, query, asked.page, asked.pageSize, total, header)
        return { status: 200, body: deliveries.map(presentTask) }
      },
    }),
    route({
      id: side.id('GetLogsOfWebhookTask'), tag, method: 'GET', path: `${path}/{execution_id}/tasks/{task_id}/log`, access: side.access('read'),
      summary: 'Read what happened to a delivery, a line for each try',
      schema: { params: Type.Object({ ...OneParams.properties, task_id: idParam }), answers: { 200: Type.String() } },
      async handler({ project, params: { webhook_policy_id: policyId, execution_id: id, task_id: taskId }, header }) {
        const delivery = await get(side.scopeOf(project), policyId, id)
        if (taskId !== delivery.id) throw new Failure('NOT_FOUND', `the execution has no task ${taskId}`)
        header('content-type', 'text/plain; charset=utf-8')
        return { status: 200, body: logOf(delivery) }
      },
    }),
  ]
}

/** What Harbor has for projects alone. */
function projectRoutes({ db }: RoutesOptions) {
  return [
    route({
      id: 'LastTrigger', tag, method: 'GET', path: `${ofProject.path}/lasttrigger`, access: ofProject.access('read'),
      summary: 'When each policy last had something to tell, by type of event',
      schema: { params: ProjectEither, answers: { 200: Type.Array(WebhookLastTrigger) } },
      async handler({ project }) {
        const rows = await listLastTriggers(db, project.id)
        return { status: 200, body: rows.map(({ name, eventType, isEnabled, createdAt, lastAt }) => ({ policy_name: name, event_type: eventType, enabled: isEnabled, creation_time: createdAt.toISOString(), ...(lastAt ? { last_trigger_time: lastAt.toISOString() } : {}) })) }
      },
    }),
    route({
      id: 'GetSupportedEventTypes', tag, method: 'GET', path: `${ofProject.path}/events`, access: ofProject.access('read'),
      summary: 'Types of events, of targets and of payloads to choose from',
      schema: { params: ProjectEither, answers: { 200: SupportedWebhookEventTypes } },
      handler: async () => ({
        status: 200,
        body: {
          event_type: Object.keys(eventTypes), notify_type: senders.map(({ type }) => type),
          payload_formats: senders.filter(({ formats }) => formats.length > 0).map(({ type, formats }) => ({ notify_type: type, formats })),
          without_producer: Object.entries(eventTypes).filter(([, { isProduced }]) => !isProduced).map(([type]) => type),
        },
      }),
    }),
    route({
      id: 'ListWebhookJobs', tag: 'webhookjob', method: 'GET', path: `${ofProject.path}/jobs`, access: ofProject.access('list'),
      summary: 'List the deliveries of a policy in an older form',
      schema: {
        params: ProjectEither, answers: { 200: Type.Array(WebhookJob) },
        query: Type.Object({ ...listQuery, policy_id: idParam, status: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: 10 })])) }),
      },
      async handler({ project, query: { policy_id: id, status, ...query }, header }) {
        if (!(await findPolicy(db, project.id, id))) throw notFound(id)
        const statuses = status === undefined ? [] : [status].flat().flatMap((text) => text.split(','))
        const asked = listing(deliveryFields, query, deliveryOrder)
        const { deliveries, total } = await listDeliveries(db, id, asked, statuses)
        pageHeaders(`${ofProject.base({ projectId: project.id, name: project.name })}/jobs`, { ...query, policy_id: id, ...(statuses.length > 0 ? { status: statuses.join(',') } : {}) }, asked.page, asked.pageSize, total, header)
        return { status: 200, body: deliveries.map(presentJob) }
      },
    }),
  ]
}
