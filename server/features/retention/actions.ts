import { findProjectById } from '../../catalog/project.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import { differing } from '../../platform/events/differing.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import { dropSchedule, saveSchedule } from '../../platform/jobs/schedule.ts'
import { stopExecution } from '../../platform/jobs/stop.ts'
import { dropMetadata, saveMetadata } from '../projects/index.ts'
import { startType, vendorType } from './jobs.ts'
import type { NewPolicy, Policy } from './policy.ts'
import {
  addPolicy,
  dropPolicy,
  findPolicyOf,
  listSystemPolicies,
  lockPolicy,
  noteRun,
  savePolicy,
  systemPolicies,
} from './store.ts'
import { facts } from './topics.ts'
import type { ProjectRetention } from './wire.ts'

const ofRules = ({ algorithm, rules, cron, projects, alsoWithOwn }: NewPolicy) => ({
  algorithm,
  rules,
  cron,
  projects,
  alsoWithOwn,
})

/** Creates a policy with its schedule. Throws BAD_REQUEST when the project has one, or does not exist. */
export async function createPolicy(db: Db, by: Actor, policy: NewPolicy): Promise<number> {
  return db.transaction((tx) => addPolicyWithin(tx, by, policy))
}

async function addPolicyWithin(tx: Tx, by: Actor, policy: NewPolicy): Promise<number> {
  const { projectId, cron } = policy
  if (projectId !== null && !(await findProjectById(tx, projectId)))
    throw new Failure('BAD_REQUEST', `invalid Project id ${projectId}`)
  if (projectId === null && (await listSystemPolicies(tx)).length >= systemPolicies)
    throw new Failure('BAD_REQUEST', `the system has at most ${systemPolicies} retention policies`)
  const policyId = await addPolicy(tx, policy)
  if (policyId === undefined) {
    const known = projectId === null ? undefined : await findPolicyOf(tx, projectId)
    throw new Failure('BAD_REQUEST', `project ${projectId} already has retention policy ${known?.id}`)
  }
  if (projectId !== null) await saveMetadata(tx, projectId, { retention_id: String(policyId) })
  if (cron !== '') await schedule(tx, policyId, cron)
  await emit(tx, [facts.policyCreated({ projectId, policyId, policy: ofRules(policy) }, by)])
  return policyId
}

/** Gives a project a policy inside a transaction, unless it has one. */
export async function giveRetention(tx: Tx, by: Actor, projectId: number, retention: ProjectRetention): Promise<void> {
  if (await findPolicyOf(tx, projectId)) return
  await addPolicyWithin(tx, by, { ...retention, projectId, projects: [], alsoWithOwn: false })
}

/** Replaces the rules and the schedule. Throws NOT_FOUND when the policy is gone, or is another project's. */
export async function updatePolicy(db: Db, by: Actor, policyId: number, wanted: NewPolicy): Promise<void> {
  await db.transaction(async (tx) => {
    const known = await lockPolicy(tx, policyId)
    if (!known || known.projectId !== wanted.projectId)
      throw new Failure('NOT_FOUND', `the retention policy id ${policyId} does not match`)
    await savePolicy(tx, { ...wanted, id: policyId })
    const { projectId } = known
    const changed = differing<Record<string, unknown>>(ofRules(known), ofRules(wanted))
    if (known.cron !== wanted.cron) {
      if (wanted.cron === '') await dropSchedule(tx, vendorType, policyId)
      else await schedule(tx, policyId, wanted.cron)
      await emit(tx, [facts.scheduled({ projectId, policyId, cron: wanted.cron === '' ? null : wanted.cron }, by)])
    }
    if (Object.keys(changed).length > 0) await emit(tx, [facts.policyChanged({ projectId, policyId, changed }, by)])
  })
}

/** Deletes a policy; a trigger deletes its schedule. Runs under way go on with their own rules. */
export async function deletePolicy(db: Db, by: Actor, { id: policyId }: Policy): Promise<void> {
  await db.transaction(async (tx) => {
    const known = await lockPolicy(tx, policyId)
    if (!known) throw new Failure('BAD_REQUEST', `no such Retention policy with id ${policyId}`)
    const { projectId } = known
    await dropPolicy(tx, policyId)
    if (projectId !== null) await dropMetadata(tx, projectId, 'retention_id')
    await emit(tx, [facts.policyDeleted({ projectId, policyId }, by)])
  })
}

const schedule = (tx: Tx, policyId: number, cron: string) =>
  saveSchedule(tx, startType, {
    vendorType,
    vendorId: policyId,
    cronType: 'Custom',
    cron,
    params: {},
    attrs: { dry_run: false },
  })

type Asked = { isDryRun: boolean; maxShare: number | null }

/** Starts a run with the rules as they are now; returns the id of its execution. */
export async function runPolicy(db: Db, by: Actor, policyId: number, { isDryRun, maxShare }: Asked): Promise<number> {
  return db.transaction(async (tx) => {
    const policy = await lockPolicy(tx, policyId)
    if (!policy) throw new Failure('BAD_REQUEST', `no such Retention policy with id ${policyId}`)
    const { executionId } = await enqueue(tx, startType, {
      params: {},
      trigger: 'MANUAL',
      vendorType,
      vendorId: policyId,
      attrs: { dry_run: isDryRun },
    })
    await noteRun(tx, { ...policy, executionId, policyId, isDryRun, maxShare, askedBy: by })
    const { projectId } = policy
    await emit(tx, [facts.runAsked({ projectId, policyId, executionId, isDryRun, maxShare }, by)])
    return executionId
  })
}

/** Stops a run; what it has deleted so far is kept deleted. A run that has ended is left as it is. */
export async function stopRun(db: Db, by: Actor, { id, projectId }: Policy, executionId: number): Promise<void> {
  await db.transaction(async (tx) => {
    if ((await stopExecution(tx, executionId)) > 0)
      await emit(tx, [facts.runStopped({ projectId, policyId: id, executionId }, by)])
  })
}
