import type { Actor } from '../../../catalog/topics.ts'
import type { Tx } from '../../../platform/db/db.ts'
import { emit } from '../../../platform/events/emit.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { enqueue } from '../../../platform/jobs/enqueue.ts'
import { stopExecution } from '../../../platform/jobs/stop.ts'
import type { Ground } from '../ground.ts'
import { findInstanceById } from '../instances/store.ts'
import type { Policy } from '../policies/policy.ts'
import { facts } from '../topics.ts'
import { vendorType } from './executions.ts'
import type { JobTypes } from './jobs.ts'

/** Enqueues the first task of an execution. */
export async function enqueuePlan(
  tx: Tx,
  types: JobTypes,
  { id, instanceId }: Pick<Policy, 'id' | 'instanceId'>,
  trigger: 'MANUAL' | 'EVENT',
): Promise<number> {
  const params = { policyId: id, instanceId }
  return (await enqueue(tx, types.plan, { params, trigger, vendorType, vendorId: id })).executionId
}

/** Starts a run by hand; returns its id at once. Throws PRECONDITION for a policy or instance that is off. */
export async function startRun({ db, types }: Ground, by: Actor, policy: Policy): Promise<number> {
  const { id: policyId, projectId, name } = policy
  if (!policy.isEnabled) throw new Failure('PRECONDITION', `policy ${name} is not enabled`)
  const instance = await findInstanceById(db, policy.instanceId)
  if (!instance?.isEnabled) throw new Failure('PRECONDITION', `instance ${policy.instanceName} is not enabled`)
  return db.transaction(async (tx) => {
    const executionId = await enqueuePlan(tx, types, policy, 'MANUAL')
    await emit(tx, [facts.preheatStarted({ projectId, policyId, name, executionId, trigger: 'manual' }, by)])
    return executionId
  })
}

/** Stops an execution; one that has ended is left as it is. What services were asked for goes on there. */
export async function stopRun({ db }: Ground, by: Actor, policy: Policy, executionId: number): Promise<void> {
  const { id: policyId, projectId, name } = policy
  await db.transaction(async (tx) => {
    if ((await stopExecution(tx, executionId)) === 0) return
    await emit(tx, [facts.preheatStopped({ projectId, policyId, name, executionId }, by)])
  })
}
