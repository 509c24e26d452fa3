import type { Operation } from '../../../api/operation.ts'
import * as systemApi from '../../../api/system-webhooks.ts'
import * as projectApi from '../../../api/webhooks.ts'
import type { Project } from '../../catalog/project.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { created } from '../../platform/http/reply.ts'
import type { Answer, Asked } from '../../platform/http/route.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type Access, type ApiRoute, type Granted, type Verb } from '../access/index.ts'
import {
  createPolicy,
  deletePolicy,
  notFound,
  repeat,
  setPaused,
  testPolicy,
  updatePolicy,
  type Ground,
  type Scope,
} from './actions.ts'
import { deliveryFields, deliveryOrder, findDelivery, listDeliveries, type Delivery } from './deliveries.ts'
import { isEventType } from './events.ts'
import {
  logOf,
  presentDelivery,
  presentEventTypes,
  presentExecution,
  presentJob,
  presentLastTrigger,
  presentTask,
} from './present.ts'
import { findPolicy, listLastTriggers, listPolicies, listTargets, policyFields, policyOrder } from './store.ts'
import { eventTypesOf, newPolicy, parsePolicy, parseTargets, presentPolicy } from './wire.ts'

type RoutesOptions = Ground & { host: string; overlapMs: number }

/** The operations on a project's policies or on the system's, and who may call them. */
type Side = { api: typeof systemApi; access(verb: Verb): Access }

const inProject = <V extends Verb>(verb: V) => ({ project: 'notification-policy', verb }) as const
const ofProject: Side = { api: projectApi, access: inProject }
const ofSystem: Side = { api: systemApi, access: (verb) => ({ system: 'configuration', verb }) }

/**
 * Harbor's operations on a project's webhooks, Marina's additions, and all of them for policies of the whole system.
 */
export function webhookRoutes(options: RoutesOptions): ApiRoute[] {
  const both = [ofProject, ofSystem].flatMap((side) => [
    ...policyRoutes(options, side),
    ...actionRoutes(options, side),
    ...deliveryRoutes(options, side),
    ...redeliveryRoutes(options, side),
  ])
  return [...both, ...projectRoutes(options)]
}

/** Binds an operation; its handler also gets the scope, a project or the system. */
function routeOf<O extends Operation>(
  operation: O,
  access: Access,
  handler: (asked: Asked<O, Granted & { scope: Scope }>) => Promise<Answer<O>>,
): ApiRoute {
  return route(operation, access, (asked) => handler({ ...asked, scope: scopeOf(asked) }))
}

const scopeOf = (asked: Granted | (Granted & { project: Project })): Scope =>
  'project' in asked ? { projectId: asked.project.id, name: asked.project.name } : { projectId: null, name: 'system' }

function policyRoutes({ db, secrets, overlapMs }: RoutesOptions, { api, access }: Side): ApiRoute[] {
  const ground = { db, secrets }
  return [
    routeOf(api.listPolicies, access('list'), async ({ scope, query }) => {
      const { rows, total } = await listPolicies(db, scope.projectId, listing(policyFields, query, policyOrder))
      const targets = await listTargets(
        db,
        secrets,
        rows.map(({ id }) => id),
      )
      return { rows: rows.map((policy) => presentPolicy(policy, targets.get(policy.id)!)), total }
    }),
    routeOf(api.createPolicy, access('create'), async ({ scope, body, caller }) => {
      const { eventTypes: types, ...given } = parsePolicy(body)
      const targets = parseTargets(body.targets ?? [], [], overlapMs).map(({ target }) => target)
      const policy = { ...newPolicy, ...given, eventTypes: eventTypesOf(types) }
      return created(await createPolicy(ground, actorOf(caller), scope, policy, targets))
    }),
    routeOf(api.getPolicy, access('read'), async ({ scope, params: { webhook_policy_id: id } }) => {
      const policy = await findPolicy(db, scope.projectId, id)
      if (!policy) throw notFound(id)
      return presentPolicy(policy, (await listTargets(db, secrets, [id])).get(id)!)
    }),
    routeOf(api.updatePolicy, access('update'), async ({ scope, params, body, caller }) => {
      const { eventTypes: types, ...given } = parsePolicy(body)
      const policy = { ...given, eventTypes: eventTypesOf(types) }
      await updatePolicy(ground, actorOf(caller), scope, params.webhook_policy_id, policy, (known) =>
        parseTargets(body.targets ?? [], known, overlapMs),
      )
    }),
    routeOf(api.deletePolicy, access('delete'), ({ scope, params, caller }) =>
      deletePolicy(ground, actorOf(caller), scope, params.webhook_policy_id),
    ),
  ]
}

function actionRoutes({ db, secrets, host }: RoutesOptions, { api, access }: Side): ApiRoute[] {
  const ground = { db, secrets }
  return [
    routeOf(api.testPolicy, access('update'), async ({ scope, params, body: { event_type: type }, caller }) => {
      if (type !== undefined && !isEventType(type)) throw unsupported(type)
      return { executions: await testPolicy(ground, actorOf(caller), scope, params.webhook_policy_id, type, host) }
    }),
    routeOf(api.setTargetState, access('update'), ({ scope, params, body: { paused }, caller }) =>
      setPaused(ground, actorOf(caller), scope, params.webhook_policy_id, params.target_id, paused),
    ),
  ]
}

function deliveryRoutes({ db }: RoutesOptions, { api, access }: Side): ApiRoute[] {
  return [
    routeOf(api.listExecutions, access('read'), async ({ scope, params: { webhook_policy_id: id }, query }) => {
      await demandPolicy(db, scope.projectId, id)
      const { rows, total } = await listDeliveries(db, id, listing(deliveryFields, query, deliveryOrder))
      return { rows: rows.map(presentExecution), total }
    }),
    routeOf(api.getDelivery, access('read'), async ({ scope, params }) =>
      presentDelivery(await getDelivery(db, scope, params)),
    ),
    routeOf(api.listTasks, access('read'), async ({ scope, params, query }) => {
      const { id, policyId } = await getDelivery(db, scope, params)
      const q = [`id=${id}`, ...(query.q ? [query.q] : [])].join(',')
      const asked = listing(deliveryFields, { ...query, q }, deliveryOrder)
      const { rows, total } = await listDeliveries(db, policyId, asked)
      return { rows: rows.map(presentTask), total }
    }),
    routeOf(api.getTaskLog, access('read'), async ({ scope, params }) => {
      const delivery = await getDelivery(db, scope, params)
      if (params.task_id !== delivery.id) throw new Failure('NOT_FOUND', `the execution has no task ${params.task_id}`)
      return logOf(delivery)
    }),
  ]
}

function redeliveryRoutes({ db, secrets }: RoutesOptions, { api, access }: Side): ApiRoute[] {
  const ground = { db, secrets }
  return [
    routeOf(api.redeliver, access('update'), async ({ scope, params, caller }) => {
      const { id, policyId, status, targetId } = await getDelivery(db, scope, params)
      const [made] = await repeat(ground, actorOf(caller), scope, policyId, { first: id, last: id, status: undefined })
      if (made) return created(`../../${made.id}`)
      if (status === 'Pending') throw new Failure('PRECONDITION', 'this delivery is still pending')
      throw new Failure('PRECONDITION', targetId === null ? 'the policy no longer has this target' : undefined)
    }),
    routeOf(api.redeliverRange, access('update'), async ({ scope, params, body: { first, last, status }, caller }) => {
      const made = await repeat(ground, actorOf(caller), scope, params.webhook_policy_id, { first, last, status })
      const newest = made.at(-1)
      return { count: made.length, ...(newest ? { last: newest.id, repeated_until: newest.until } : {}) }
    }),
  ]
}

/** Operations that Harbor has for projects alone. */
function projectRoutes({ db }: RoutesOptions): ApiRoute[] {
  return [
    route(projectApi.listLastTriggers, inProject('read'), async ({ project }) =>
      (await listLastTriggers(db, project.id)).map(presentLastTrigger),
    ),
    route(projectApi.getSupportedEventTypes, inProject('read'), async () => presentEventTypes()),
    route(projectApi.listWebhookJobs, inProject('list'), async ({ project, query: asked }) => {
      const { policy_id: id, status, ...query } = asked
      await demandPolicy(db, project.id, id)
      const statuses = [status ?? []].flat().flatMap((text) => text.split(','))
      const { rows, total } = await listDeliveries(db, id, listing(deliveryFields, query, deliveryOrder), statuses)
      return { rows: rows.map(presentJob), total }
    }),
  ]
}

async function demandPolicy(db: Db, projectId: number | null, id: number): Promise<void> {
  if (!(await findPolicy(db, projectId, id))) throw notFound(id)
}

type Place = { webhook_policy_id: number; execution_id: number }

/** Throws NOT_FOUND for a delivery of another policy, and for a policy of another project (H13, H19). */
async function getDelivery(db: Db, scope: Scope, params: Place): Promise<Delivery> {
  const { webhook_policy_id: policyId, execution_id: id } = params
  await demandPolicy(db, scope.projectId, policyId)
  const delivery = await findDelivery(db, policyId, id)
  if (!delivery) throw new Failure('NOT_FOUND', `the policy has no execution ${id}`)
  return delivery
}

const unsupported = (type: string) => new Failure('BAD_REQUEST', `unsupported event type ${type.slice(0, 60)}`)
