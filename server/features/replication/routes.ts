import type { Static } from 'typebox'
import type { ReplicationPolicy } from '../../../api/replication.ts'
import * as api from '../../../api/replication.ts'
import { listing } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { created } from '../../platform/http/reply.ts'
import { readJobLog } from '../../platform/jobs/log.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute, type Verb } from '../access/index.ts'
import { findEndpoints, presentEndpoint, presentLocal } from '../endpoints/index.ts'
import {
  checkPolicy,
  createPolicy,
  deletePolicy,
  executionNotFound,
  policyNotFound,
  startExecution,
  stopRun,
  updatePolicy,
} from './actions.ts'
import { findDrift, preview } from './preview.ts'
import {
  executionFields,
  executionOrder,
  findExecution,
  findTaskExecution,
  listExecutions,
  listTasks,
  taskFields,
  taskOrder,
  type Execution,
} from './executions.ts'
import type { CopyGround } from './ground.ts'
import type { Policy } from './policy.ts'
import { findPolicy, listPolicies, policyFields, policyOrder } from './store.ts'
import { parsePolicy, presentExecution, presentPolicy, presentTask, statusesOf, triggerOf } from './wire.ts'

/** Harbor's operations on replication, and Marina's preview and drift. */
export function replicationRoutes(ground: CopyGround): ApiRoute[] {
  return [...policyRoutes(ground), ...previewRoutes(ground), ...executionRoutes(ground), ...taskRoutes(ground)]
}

const mayPolicy = <V extends Verb>(verb: V) => ({ system: 'replication-policy', verb }) as const
const mayRun = <V extends Verb>(verb: V) => ({ system: 'replication', verb }) as const

function policyRoutes(ground: CopyGround): ApiRoute[] {
  const { db } = ground
  return [
    route(api.listReplicationPolicies, mayPolicy('list'), async ({ query: { name, ...query } }) => {
      const q = [...(name ? [`name=~${name}`] : []), ...(query.q ? [query.q] : [])].join(',')
      const { rows, total } = await listPolicies(db, listing(policyFields, { ...query, q }, policyOrder))
      return { rows: await presented(ground, rows), total }
    }),
    route(api.createReplicationPolicy, mayPolicy('create'), async ({ body, caller }) =>
      created(await createPolicy(ground, actorOf(caller), parsePolicy(body))),
    ),
    route(api.getReplicationPolicy, mayPolicy('read'), async ({ params }) => {
      const [policy] = await presented(ground, [await getPolicy(ground, params.id)])
      return policy!
    }),
    route(api.updateReplicationPolicy, mayPolicy('update'), async ({ params, body, caller }) => {
      await getPolicy(ground, params.id)
      await updatePolicy(ground, actorOf(caller), params.id, parsePolicy(body))
    }),
    route(api.deleteReplicationPolicy, mayPolicy('delete'), async ({ params, caller }) =>
      deletePolicy(ground, actorOf(caller), params.id),
    ),
  ]
}

function previewRoutes(ground: CopyGround): ApiRoute[] {
  return [
    route(api.previewReplicationPolicy, mayPolicy('read'), async ({ params, query: { limit = 10_000 } }) =>
      preview(ground, await getPolicy(ground, params.id), limit),
    ),
    route(api.previewReplication, mayPolicy('create'), async ({ body, query: { limit = 10_000 } }) => {
      const policy = parsePolicy(body)
      await checkPolicy(ground.db, policy)
      return preview(ground, policy, limit)
    }),
    route(api.getReplicationDrift, mayPolicy('read'), async ({ params, query: { limit = 10_000 } }) =>
      findDrift(ground, await getPolicy(ground, params.id), limit),
    ),
  ]
}

function executionRoutes(ground: CopyGround): ApiRoute[] {
  const { db } = ground
  return [
    route(api.listReplicationExecutions, mayRun('list'), async ({ query }) => {
      const { policy_id: policyId, status, trigger, ...part } = query
      const wanted = {
        policyId,
        statuses: status ? statusesOf(status, true) : undefined,
        trigger: trigger ? triggerOf(trigger) : undefined,
      }
      const { rows, total } = await listExecutions(db, wanted, listing(executionFields, part, executionOrder))
      return { rows: rows.map(presentExecution), total }
    }),
    route(api.startReplication, mayRun('create'), async ({ body, caller }) =>
      created(await startExecution(ground, actorOf(caller), body.policy_id ?? 0, body.allow_deletion ?? false)),
    ),
    route(api.getReplicationExecution, mayRun('read'), async ({ params }) =>
      presentExecution(await getExecution(ground, params.id)),
    ),
    // Stopping is a right to create in Harbor, too: it has no other verb for robots.
    route(api.stopReplication, mayRun('create'), async ({ params, caller }) =>
      stopRun(ground, actorOf(caller), params.id),
    ),
  ]
}

function taskRoutes(ground: CopyGround): ApiRoute[] {
  const { db } = ground
  return [
    route(api.listReplicationTasks, mayRun('list'), async ({ params, query }) => {
      const { status, resource_type: resourceType, ...part } = query
      await getExecution(ground, params.id)
      const wanted = {
        statuses: status ? statusesOf(status, false) : undefined,
        resourceType: resourceType || undefined,
      }
      const { rows, total } = await listTasks(db, params.id, wanted, listing(taskFields, part, taskOrder))
      return { rows: rows.map(presentTask), total }
    }),
    route(api.getReplicationLog, mayRun('read'), async ({ params: { id, task_id: taskId } }) => {
      await getExecution(ground, id)
      const task = await findTaskExecution(db, taskId)
      if (!task) throw new Failure('NOT_FOUND', `replication task ${taskId} not found`)
      if (task.executionId !== id) throw new Failure('NOT_FOUND', `execution ${id} contains no task with ID ${taskId}`)
      return (await readJobLog(db, taskId)) ?? ''
    }),
  ]
}

async function getPolicy({ db }: CopyGround, id: number): Promise<Policy> {
  const policy = await findPolicy(db, id)
  if (!policy) throw policyNotFound(id)
  return policy
}

async function getExecution({ db }: CopyGround, id: number): Promise<Execution> {
  const execution = await findExecution(db, id)
  if (!execution) throw executionNotFound(id)
  return execution
}

/** Policies with both of their sides. */
async function presented({ db, localUrl }: CopyGround, rows: Policy[]): Promise<Static<typeof ReplicationPolicy>[]> {
  const endpoints = await findEndpoints(
    db,
    rows.map(({ endpointId }) => endpointId),
  )
  const local = presentLocal(localUrl)
  return rows.map((policy) => {
    const endpoint = endpoints.get(policy.endpointId)
    return presentPolicy(policy, endpoint ? presentEndpoint(endpoint) : { id: policy.endpointId }, local)
  })
}
