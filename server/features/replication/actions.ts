import type { Actor } from '../../catalog/topics.ts'
import { isReferenceViolation, isUniqueViolation, type Db, type Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { differing } from '../../platform/events/differing.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import { dropSchedule, saveSchedule } from '../../platform/jobs/schedule.ts'
import { stopExecution } from '../../platform/jobs/stop.ts'
import { findEndpoint } from '../endpoints/index.ts'
import { findExecution, hasUnfinished, vendorType } from './executions.ts'
import type { JobTypes, PlanParams } from './jobs.ts'
import type { NewPolicy, Policy } from './policy.ts'
import { policyProblem } from './rules.ts'
import { dropPolicy, findPolicy, insertPolicy, updatePolicyRow } from './store.ts'
import { facts } from './topics.ts'

type ActionGround = { db: Db; types: JobTypes }

export const policyNotFound = (id: number) => new Failure('NOT_FOUND', `replication policy ${id} not found`)
export const executionNotFound = (id: number) => new Failure('NOT_FOUND', `replication execution ${id} not found`)

/** Throws BAD_REQUEST, or NOT_FOUND when there is no such endpoint. */
export async function checkPolicy(db: Db, policy: NewPolicy): Promise<void> {
  const problem = policyProblem(policy)
  if (problem) throw new Failure('BAD_REQUEST', problem)
  if (!(await findEndpoint(db, policy.endpointId)))
    throw new Failure('NOT_FOUND', `registry ${policy.endpointId} not found`)
}

/** Saves a policy and its schedule; returns its id. Throws BAD_REQUEST, NOT_FOUND or CONFLICT. */
export async function createPolicy(ground: ActionGround, by: Actor, policy: NewPolicy): Promise<number> {
  const { db, types } = ground
  await checkPolicy(db, policy)
  return explained(policy, () =>
    db.transaction(async (tx) => {
      const id = await insertPolicy(tx, by.name, policy)
      await follow(tx, types, id, policy)
      await emit(tx, [facts.policyCreated({ policyId: id, name: policy.name }, by)])
      return id
    }),
  )
}

/** Replaces all fields (S3-11: a schedule follows). Throws BAD_REQUEST, NOT_FOUND or CONFLICT. */
export async function updatePolicy(ground: ActionGround, by: Actor, id: number, policy: NewPolicy): Promise<void> {
  const { db, types } = ground
  const before = await findPolicy(db, id)
  if (!before) throw policyNotFound(id)
  await checkPolicy(db, policy)
  const changed = Object.keys(differing<NewPolicy>(before, policy))
  await explained(policy, () =>
    db.transaction(async (tx) => {
      if (!(await updatePolicyRow(tx, id, policy))) throw policyNotFound(id)
      await follow(tx, types, id, policy)
      // Events of a policy that does not hear of any now would run once it does again.
      if (!policy.isEnabled || policy.trigger !== 'event_based')
        await tx.run(sql`delete from replication_event where policy_id = ${id}`)
      await emit(tx, [facts.policyChanged({ policyId: id, name: policy.name, changed }, by)])
    }),
  )
}

/** Deletes a policy with its executions. Throws PRECONDITION while one of them runs. */
export async function deletePolicy({ db }: ActionGround, by: Actor, id: number): Promise<void> {
  await db.transaction(async (tx) => {
    const policy = await findPolicy(tx, id)
    if (!policy) throw policyNotFound(id)
    await tx.run(sql`select id from replication_policy where id = ${id} for update`)
    if (await hasUnfinished(tx, id))
      throw new Failure('PRECONDITION', "contains executions that aren't in final status, stop the execution first")
    await dropSchedule(tx, vendorType, id)
    await dropPolicy(tx, id)
    await emit(tx, [facts.policyDeleted({ policyId: id, name: policy.name }, by)])
  })
}

/** The schedule of a policy is its own while it is on and scheduled. */
async function follow(tx: Tx, types: JobTypes, id: number, { isEnabled, trigger, cron, endpointId }: NewPolicy) {
  if (!isEnabled || trigger !== 'scheduled') return void (await dropSchedule(tx, vendorType, id))
  const params: PlanParams = { policyId: id, endpointId, allowsDeletion: false }
  await saveSchedule(tx, types.plan, { vendorType, vendorId: id, cronType: 'Custom', cron, params })
}

async function explained<Result>({ name, endpointId }: NewPolicy, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isUniqueViolation(error)) throw new Failure('CONFLICT', `replication policy ${name} already exists`)
    // The endpoint was deleted after it was looked up.
    if (isReferenceViolation(error)) throw new Failure('NOT_FOUND', `registry ${endpointId} not found`)
    throw error
  }
}

/** Starts a run by hand; returns its id at once (S3-14). Throws NOT_FOUND, or PRECONDITION for a policy that is off. */
export async function startExecution(
  { db, types }: ActionGround,
  by: Actor,
  id: number,
  allowsDeletion: boolean,
): Promise<number> {
  return db.transaction(async (tx) => {
    const policy = await findPolicy(tx, id)
    if (!policy) throw policyNotFound(id)
    if (!policy.isEnabled) throw new Failure('PRECONDITION', `the policy ${id} is disabled`)
    const { executionId } = await enqueuePlan(tx, types, policy, 'MANUAL', allowsDeletion)
    const { name } = policy
    await emit(tx, [facts.replicationStarted({ executionId, policyId: id, name, trigger: 'manual' }, by)])
    return executionId
  })
}

/** Enqueues the first task of an execution. */
export function enqueuePlan(
  tx: Tx,
  types: JobTypes,
  { id, endpointId }: Policy,
  trigger: 'MANUAL' | 'EVENT',
  allowsDeletion = false,
): Promise<{ executionId: number }> {
  const params: PlanParams = { policyId: id, endpointId, allowsDeletion }
  return enqueue(tx, types.plan, { params, trigger, vendorType, vendorId: id })
}

/** Stops an execution; one that has ended is left as it is. Throws NOT_FOUND. */
export async function stopRun({ db }: ActionGround, by: Actor, executionId: number): Promise<void> {
  await db.transaction(async (tx) => {
    const execution = await findExecution(tx, executionId)
    if (!execution) throw executionNotFound(executionId)
    if ((await stopExecution(tx, executionId)) === 0) return
    const { policyId } = execution
    const name = (await findPolicy(tx, policyId))?.name ?? String(policyId)
    await emit(tx, [facts.replicationStopped({ executionId, policyId, name }, by)])
  })
}
