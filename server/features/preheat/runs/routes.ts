import * as api from '../../../../api/preheat-runs.ts'
import { listing } from '../../../platform/db/listing.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { created } from '../../../platform/http/reply.ts'
import { readJobLog } from '../../../platform/jobs/log.ts'
import { actorOf } from '../../../registry/caller.ts'
import { route, type ApiRoute } from '../../access/index.ts'
import type { Ground } from '../ground.ts'
import type { Policy } from '../policies/policy.ts'
import { getPolicy } from '../policies/routes.ts'
import {
  executionFields,
  executionOrder,
  findExecution,
  hasTask,
  listExecutions,
  listTasks,
  taskFields,
  taskOrder,
  type Execution,
} from './executions.ts'
import { startRun, stopRun } from './start.ts'
import { presentExecution, presentTask } from './wire.ts'

const may = <V extends 'list' | 'read' | 'update'>(verb: V) => ({ project: 'preheat-policy', verb }) as const

/** Harbor's operations on the runs of policies. Starting and stopping need the right to change the policy. */
export function runRoutes(ground: Ground): ApiRoute[] {
  const { db } = ground
  return [
    route(api.startPreheat, may('update'), async ({ project, params, caller }) => {
      const policy = await getPolicy(db, project.id, params.preheat_policy_name)
      return created(`executions/${await startRun(ground, actorOf(caller), policy)}`)
    }),
    route(api.listPreheatExecutions, may('list'), async ({ project, params, query }) => {
      const policy = await getPolicy(db, project.id, params.preheat_policy_name)
      const { rows, total } = await listExecutions(db, policy.id, listing(executionFields, query, executionOrder))
      return { rows: rows.map(presentExecution), total }
    }),
    route(api.getPreheatExecution, may('read'), async ({ project, params }) =>
      presentExecution((await getExecution(ground, project.id, params)).execution),
    ),
    route(api.stopPreheat, may('update'), async ({ project, params, body, caller }) => {
      const { policy, execution } = await getExecution(ground, project.id, params)
      if (body.status !== 'Stopped') throw new Failure('BAD_REQUEST', 'status must be Stopped: nothing else can be set')
      await stopRun(ground, actorOf(caller), policy, execution.id)
    }),
    route(api.listPreheatTasks, may('list'), async ({ project, params, query }) => {
      const { execution } = await getExecution(ground, project.id, params)
      const { rows, total } = await listTasks(db, execution.id, listing(taskFields, query, taskOrder))
      return { rows: rows.map(presentTask), total }
    }),
    route(api.getPreheatLog, may('read'), async ({ project, params }) => {
      const { execution } = await getExecution(ground, project.id, params)
      const { task_id: taskId } = params
      if (!(await hasTask(db, execution.id, taskId))) throw new Failure('NOT_FOUND', `task ${taskId} not found`)
      return (await readJobLog(db, taskId)) ?? ''
    }),
  ]
}

/** Throws NOT_FOUND for an execution of another policy or project, too (H19). */
async function getExecution(
  { db }: Ground,
  projectId: number,
  { preheat_policy_name: name, execution_id: id }: { preheat_policy_name: string; execution_id: number },
): Promise<{ policy: Policy; execution: Execution }> {
  const policy = await getPolicy(db, projectId, name)
  const execution = await findExecution(db, policy.id, id)
  if (!execution) throw new Failure('NOT_FOUND', `execution ${id} not found`)
  return { policy, execution }
}
