import { randomUUID } from 'node:crypto'
import type { Actor } from '../../catalog/topics.ts'
import { isUniqueViolation, type Db, type Tx } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { changesOf } from './changes.ts'
import { addDeliveries, repeatDeliveries, wake, type Range, type Repeated } from './deliveries.ts'
import { testEvent, type EventType } from './events.ts'
import { policyProblem, targetsProblem, type NewPolicy, type NewTarget, type Policy, type Target } from './rules.ts'
import {
  addPolicy,
  addTarget,
  dropPolicy,
  dropTargets,
  listTargets,
  lockPolicy,
  lockTargets,
  pauseTarget,
  policiesLimit,
  savePolicy,
  saveTarget,
  type Seal,
} from './store.ts'
import { facts } from './topics.ts'
import type { Changed } from './wire.ts'

/** Where policies belong: to a project, or to the system (`projectId` null). */
export type Scope = { projectId: number | null; name: string }

export type Ground = { db: Db; secrets: Seal }

/**
 * Creates a policy. Throws BAD_REQUEST for wrong fields, CONFLICT when the name is taken, PRECONDITION over the limit.
 */
export async function createPolicy(
  { db, secrets }: Ground,
  by: Actor,
  { projectId }: Scope,
  policy: NewPolicy,
  targets: NewTarget[],
): Promise<number> {
  refuse(policyProblem(policy) ?? targetsProblem(targets))
  return naming(policy.name, () =>
    db.transaction(async (tx) => {
      const id = await addPolicy(tx, projectId, policy, by.name)
      if (id === 'full')
        throw new Failure('PRECONDITION', `at most ${policiesLimit} policies are allowed: delete one first`)
      for (const [position, target] of targets.entries()) await addTarget(tx, secrets, id, position, target)
      await emit(tx, [facts.policyCreated({ projectId, policyId: id, name: policy.name }, by)])
      return id
    }),
  )
}

/**
 * Changes a policy. `change` gets the present targets with their secrets and returns the new ones. A target that is not
 * among them is deleted, and its pending deliveries are stopped.
 */
export async function updatePolicy(
  { db, secrets }: Ground,
  by: Actor,
  { projectId }: Scope,
  id: number,
  given: Partial<NewPolicy>,
  change: (known: Target[]) => Changed[],
): Promise<void> {
  const name = given.name ?? ''
  await naming(name, () =>
    db.transaction(async (tx) => {
      const before = await getLocked(tx, projectId, id)
      await lockTargets(tx, id)
      const policy: Policy = { ...before, ...given }
      const known = (await listTargets(tx, secrets, [id])).get(id)!
      const changed = change(known)
      refuse(policyProblem(policy) ?? targetsProblem(changed.map(({ target }) => target)))
      await savePolicy(tx, policy)
      await dropTargets(
        tx,
        known.filter((one) => changed.every(({ was }) => was !== one)).map((one) => one.id),
      )
      for (const [position, { target, was }] of changed.entries())
        await (was ? saveTarget(tx, secrets, id, position, was, target) : addTarget(tx, secrets, id, position, target))
      await wake(
        tx,
        changed.flatMap(({ was }) => (was ? [was.id] : [])),
      )
      await emit(tx, [
        facts.policyChanged(
          { projectId, policyId: id, name: policy.name, changed: changesOf(before, policy, known, changed) },
          by,
        ),
      ])
    }),
  )
}

/** Deletes a policy with its targets, their pending deliveries, and its history. */
export async function deletePolicy({ db }: Ground, by: Actor, { projectId }: Scope, id: number): Promise<void> {
  await db.transaction(async (tx) => {
    const { name } = await getLocked(tx, projectId, id)
    await lockTargets(tx, id)
    await dropPolicy(tx, projectId, id)
    await emit(tx, [facts.policyDeleted({ projectId, policyId: id, name }, by)])
  })
}

/** Sends a made-up event to all targets of a policy, whatever its event types. Returns the ids of the deliveries. */
export async function testPolicy(
  { db, secrets }: Ground,
  by: Actor,
  scope: Scope,
  id: number,
  eventType: EventType | undefined,
  host: string,
): Promise<number[]> {
  return db.transaction(async (tx) => {
    const policy = await getLocked(tx, scope.projectId, id)
    const targets = (await listTargets(tx, secrets, [id])).get(id)!
    const event = testEvent(
      randomUUID(),
      eventType ?? policy.eventTypes[0]!,
      { id: scope.projectId ?? 0, name: scope.name },
      by.name,
      host,
    )
    const ids = await addDeliveries(
      tx,
      targets.map((target) => ({ event, policyId: id, target, orderedBy: 'test', trigger: 'MANUAL' })),
    )
    await emit(tx, [
      facts.policyTested({ ...placeOf(policy), eventType: event.type, eventId: event.id, deliveries: ids.length }, by),
    ])
    return ids
  })
}

/** Sends past deliveries again and returns the new ones; none when the range holds nothing to repeat. */
export async function repeat(
  { db }: Ground,
  by: Actor,
  { projectId }: Scope,
  id: number,
  range: Range,
): Promise<Repeated[]> {
  return db.transaction(async (tx) => {
    const policy = await getLocked(tx, projectId, id)
    const made = await repeatDeliveries(tx, id, range)
    const [eventId, ...others] = new Set(made.map((one) => one.eventId))
    if (made.length > 0)
      await emit(tx, [
        facts.deliveriesRepeated(
          {
            ...placeOf(policy),
            first: range.first,
            last: range.last,
            count: made.length,
            eventId: others.length > 0 ? undefined : eventId,
          },
          by,
        ),
      ])
    return made
  })
}

/** Pauses a target or lets it go on. Resuming also ends a pause that Marina began. */
export async function setPaused(
  { db }: Ground,
  by: Actor,
  { projectId }: Scope,
  id: number,
  targetId: number,
  isPaused: boolean,
): Promise<void> {
  await db.transaction(async (tx) => {
    const policy = await getLocked(tx, projectId, id)
    const why = `paused by ${by.name}`
    if (!(await pauseTarget(tx, id, targetId, isPaused, why)))
      throw new Failure('NOT_FOUND', `the policy has no target ${targetId}`)
    await wake(tx, [targetId])
    await emit(tx, [
      isPaused
        ? facts.targetPaused({ ...placeOf(policy), targetId, why }, by)
        : facts.targetResumed({ ...placeOf(policy), targetId }, by),
    ])
  })
}

const placeOf = ({ projectId, id, name }: Policy) => ({ projectId, policyId: id, name })

async function getLocked(tx: Tx, projectId: number | null, id: number): Promise<Policy> {
  const policy = await lockPolicy(tx, projectId, id)
  if (!policy) throw notFound(id)
  return policy
}

export const notFound = (id: number) => new Failure('NOT_FOUND', `there is no webhook policy ${id} here`)

function refuse(problem: string | undefined): void {
  if (problem) throw new Failure('BAD_REQUEST', problem)
}

async function naming<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isUniqueViolation(error)) throw new Failure('CONFLICT', `a webhook policy named ${name} exists already`)
    throw error
  }
}
