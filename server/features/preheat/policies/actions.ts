import type { Actor } from '../../../catalog/topics.ts'
import { isReferenceViolation, isUniqueViolation, type Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { differing } from '../../../platform/events/differing.ts'
import { emit } from '../../../platform/events/emit.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { dropSchedule, saveSchedule } from '../../../platform/jobs/schedule.ts'
import { stopExecution } from '../../../platform/jobs/stop.ts'
import type { Ground } from '../ground.ts'
import { instanceNotFound } from '../instances/actions.ts'
import { findInstanceById } from '../instances/store.ts'
import { getProvider } from '../providers/providers.ts'
import { vendorType } from '../runs/executions.ts'
import type { JobTypes } from '../runs/jobs.ts'
import { facts } from '../topics.ts'
import type { NewPolicy, Policy } from './policy.ts'
import { extraProblem, policyProblem } from './rules.ts'
import { dropPolicy, insertPolicy, lockPolicy, replacePolicy } from './store.ts'

export const policyNotFound = (name: string) => new Failure('NOT_FOUND', `policy ${name} not found`)

/** Throws BAD_REQUEST, NOT_FOUND for the instance, or CONFLICT. */
export async function createPolicy(ground: Ground, by: Actor, projectId: number, policy: NewPolicy): Promise<void> {
  await check(ground, policy)
  await explained(policy, () =>
    ground.db.transaction(async (tx) => {
      const policyId = await insertPolicy(tx, projectId, policy)
      await follow(tx, ground.types, policyId, policy)
      await emit(tx, [facts.policyCreated({ projectId, policyId, name: policy.name }, by)])
    }),
  )
}

/** Replaces all fields; a schedule follows. Throws BAD_REQUEST, NOT_FOUND or CONFLICT. */
export async function updatePolicy(ground: Ground, by: Actor, known: Policy, policy: NewPolicy): Promise<void> {
  await check(ground, policy)
  const changed = Object.keys(differing<NewPolicy>(known, policy))
  const { id: policyId, projectId } = known
  await explained(policy, () =>
    ground.db.transaction(async (tx) => {
      if (!(await replacePolicy(tx, policyId, policy))) throw policyNotFound(known.name)
      await follow(tx, ground.types, policyId, policy)
      // What a policy has noted and does not hear of any more would be preheated once it does again.
      if (!policy.isEnabled || policy.trigger !== 'event_based')
        await tx.run(sql`delete from preheat_event where policy_id = ${policyId}`)
      await emit(tx, [facts.policyChanged({ projectId, policyId, name: policy.name, changed }, by)])
    }),
  )
}

/** Deletes a policy; what runs of it is stopped, as in Harbor. Throws NOT_FOUND. */
export async function deletePolicy({ db }: Ground, by: Actor, { id, projectId, name }: Policy): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await lockPolicy(tx, id))) throw policyNotFound(name)
    const running = await tx.rows<{ id: number }>(sql`
      select id from execution where vendor_type = ${vendorType} and vendor_id = ${id} and ended_at is null
      order by id limit 1000`)
    for (const execution of running) await stopExecution(tx, execution.id)
    await dropPolicy(tx, id)
    await emit(tx, [facts.policyDeleted({ projectId, policyId: id, name }, by)])
  })
}

async function check({ db }: Ground, policy: NewPolicy): Promise<void> {
  const problem = policyProblem(policy)
  if (problem) throw new Failure('BAD_REQUEST', problem)
  const instance = await findInstanceById(db, policy.instanceId)
  if (!instance) throw instanceNotFound(policy.instanceId)
  const wrong = extraProblem(policy.extraAttrs, getProvider(instance.provider))
  if (wrong) throw new Failure('BAD_REQUEST', wrong)
}

/** The schedule of a policy is its own while it is on and scheduled. */
async function follow(tx: Tx, types: JobTypes, id: number, { isEnabled, trigger, cron, instanceId }: NewPolicy) {
  if (!isEnabled || trigger !== 'scheduled') return void (await dropSchedule(tx, vendorType, id))
  const params = { policyId: id, instanceId }
  const attrs = { triggerSetting: cron }
  await saveSchedule(tx, types.plan, { vendorType, vendorId: id, cronType: 'Custom', cron, params, attrs })
}

async function explained({ name, instanceId }: NewPolicy, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (isUniqueViolation(error)) throw new Failure('CONFLICT', `policy ${name} already exists`, { cause: error })
    // The instance was deleted after it was looked up.
    if (isReferenceViolation(error)) throw instanceNotFound(instanceId)
    throw error
  }
}
