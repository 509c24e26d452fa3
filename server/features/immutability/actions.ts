import type { Actor } from '../../catalog/topics.ts'
import type { Db } from '../../platform/db/db.ts'
import { differing } from '../../platform/events/differing.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { ruleProblem, type Rule } from './rules.ts'
import { addRule, dropRule, lockRule, rulesLimit, saveRule, type NewRule } from './store.ts'
import { facts } from './topics.ts'

/** Throws BAD_REQUEST for invalid selectors, CONFLICT for a rule that exists, PRECONDITION beyond the limit. */
export async function createRule(db: Db, by: Actor, projectId: number, rule: NewRule): Promise<number> {
  const problem = ruleProblem(rule)
  if (problem) throw new Failure('BAD_REQUEST', problem)
  return db.transaction(async (tx) => {
    const ruleId = await addRule(tx, projectId, rule)
    if (ruleId === 'known') throw new Failure('CONFLICT', 'the project has this rule already')
    if (ruleId === 'full') throw new Failure('PRECONDITION', `a project has at most ${rulesLimit} rules`)
    await emit(tx, [facts.ruleCreated({ projectId, ruleId, rule }, by)])
    return ruleId
  })
}

/** Changes the given fields. Throws BAD_REQUEST for invalid selectors, NOT_FOUND for a rule of another project. */
export async function updateRule(
  db: Db,
  by: Actor,
  projectId: number,
  ruleId: number,
  given: Partial<NewRule>,
): Promise<void> {
  await db.transaction(async (tx) => {
    const known = await lockRule(tx, projectId, ruleId)
    if (!known) throw notFound(ruleId)
    const rule: Rule = { ...known, ...given }
    const problem = ruleProblem(rule)
    if (problem) throw new Failure('BAD_REQUEST', problem)
    await saveRule(tx, projectId, rule)
    const changed = differing(known, given)
    if (Object.keys(changed).length > 0) await emit(tx, [facts.ruleChanged({ projectId, ruleId, changed }, by)])
  })
}

export async function deleteRule(db: Db, by: Actor, projectId: number, ruleId: number): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await dropRule(tx, projectId, ruleId))) throw notFound(ruleId)
    await emit(tx, [facts.ruleDeleted({ projectId, ruleId }, by)])
  })
}

const notFound = (id: number) => new Failure('NOT_FOUND', `the project has no immutability rule ${id}`)
