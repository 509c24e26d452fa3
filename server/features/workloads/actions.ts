import type { Actor } from '../../catalog/topics.ts'
import { isReferenceViolation, isUniqueViolation, type Db } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Rights } from '../access/index.ts'
import { mayGive } from './examine.ts'
import { addRule, changeRule, dropRule, type NewRule, type TrustRule } from './store.ts'
import { facts } from './topics.ts'

/** Throws FORBIDDEN for robots: a rule gives what its maker may do, and its maker is an account. */
export function demandAccount(rights: Rights): asserts rights is Extract<Rights, { kind: 'user' | 'token' }> {
  if (rights.kind !== 'user' && rights.kind !== 'token')
    throw new Failure('FORBIDDEN', 'a trust rule is made by an account: it gives what its maker may do')
}

/** The account that saves a rule. Throws DENIED where it lacks a right that the rule gives. */
export function makerOf(rights: Extract<Rights, { kind: 'user' | 'token' }>, { scope }: NewRule): number {
  const lacking = Object.entries(scope.projects).flatMap(([place, held]) =>
    held.filter((one) => !mayGive(rights, place, one)),
  )
  if (lacking.length > 0)
    throw new Failure('DENIED', `a trust rule gives only what its maker may do; you may not: ${lacking.join(', ')}`)
  return rights.id
}

type Saved = { by: Actor; makerId: number; rule: NewRule }

/** Throws CONFLICT for a name in use, PRECONDITION when the place has `most` rules, NOT_FOUND for a project gone. */
export async function createRule(
  db: Db,
  { by, makerId, rule }: Saved,
  projectId: number | null,
  most: number,
): Promise<number> {
  return explaining(rule.name, () =>
    db.transaction(async (tx) => {
      const ruleId = await addRule(tx, projectId, makerId, rule, most)
      if (ruleId === undefined)
        throw new Failure('PRECONDITION', `there are ${most} trust rules here already (MARINA_WORKLOAD_RULES)`)
      await emit(tx, [facts.ruleCreated(toldOf(ruleId, projectId, rule), by)])
      return ruleId
    }),
  )
}

/** The one who changes a rule becomes its maker. What the rule gave before ends at once. */
export async function updateRule(db: Db, { by, makerId, rule }: Saved, { id, projectId }: TrustRule): Promise<void> {
  await explaining(rule.name, () =>
    db.transaction(async (tx) => {
      if (!(await changeRule(tx, id, makerId, rule))) throw new Failure('NOT_FOUND', `trust rule ${id} not found`)
      await emit(tx, [facts.ruleChanged(toldOf(id, projectId, rule), by)])
    }),
  )
}

export async function deleteRule(db: Db, by: Actor, { id, name, projectId }: TrustRule): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await dropRule(tx, id))) throw new Failure('NOT_FOUND', `trust rule ${id} not found`)
    await emit(tx, [facts.ruleDeleted({ ruleId: id, name, projectId }, by)])
  })
}

const toldOf = (ruleId: number, projectId: number | null, { name, issuer, scope }: NewRule) => ({
  ruleId,
  name,
  projectId,
  issuer,
  permissions: [...new Set(Object.values(scope.projects).flat())].toSorted(),
})

async function explaining<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isUniqueViolation(error))
      throw new Failure('CONFLICT', `there is a trust rule ${name} already`, { cause: error })
    if (isReferenceViolation(error)) throw new Failure('NOT_FOUND', 'the project is gone', { cause: error })
    throw error
  }
}
