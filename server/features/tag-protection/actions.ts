import type { Actor } from '../../catalog/topics.ts'
import { isReferenceViolation, isUniqueViolation, type Db, type Tx } from '../../platform/db/db.ts'
import { differing } from '../../platform/events/differing.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { ruleProblem, rulesLimit, type NewRule } from './rules.ts'
import { addRule, dropRule, findStrangers, lockRule, saveRule } from './store.ts'
import { facts } from './topics.ts'

/** Throws BAD_REQUEST, CONFLICT for a name that is taken, PRECONDITION beyond the limit. */
export async function createRule(db: Db, by: Actor, projectId: number, rule: NewRule): Promise<number> {
  refuse(ruleProblem(rule))
  return explaining(rule.name, () =>
    db.transaction(async (tx) => {
      await refuseStrangers(tx, projectId, rule)
      const ruleId = await addRule(tx, projectId, rule, rulesLimit)
      if (ruleId === 'full') throw new Failure('PRECONDITION', `a project has at most ${rulesLimit} of these rules`)
      await emit(tx, [facts.protectionCreated({ projectId, ruleId, name: rule.name, rule }, by)])
      return ruleId
    }),
  )
}

/** Changes the given fields. Throws as createRule, and NOT_FOUND for a rule of another project. */
export async function updateRule(
  db: Db,
  by: Actor,
  projectId: number,
  ruleId: number,
  given: Partial<NewRule>,
): Promise<void> {
  await explaining(given.name ?? '', () =>
    db.transaction(async (tx) => {
      const known = await lockRule(tx, projectId, ruleId)
      if (!known) throw notFound(ruleId)
      const rule = { ...known, ...given }
      refuse(ruleProblem(rule))
      await refuseStrangers(tx, projectId, rule)
      await saveRule(tx, projectId, rule)
      const changed = differing(known, given)
      const { name } = known
      if (Object.keys(changed).length > 0)
        await emit(tx, [facts.protectionChanged({ projectId, ruleId, name, changed }, by)])
    }),
  )
}

export async function deleteRule(db: Db, by: Actor, projectId: number, ruleId: number): Promise<void> {
  await db.transaction(async (tx) => {
    const known = await lockRule(tx, projectId, ruleId)
    if (!known || !(await dropRule(tx, projectId, ruleId))) throw notFound(ruleId)
    await emit(tx, [facts.protectionDeleted({ projectId, ruleId, name: known.name }, by)])
  })
}

/** Throws BAD_REQUEST for roles and robots that the project does not have. */
async function refuseStrangers(tx: Tx, projectId: number, rule: NewRule): Promise<void> {
  const { roles, robots } = await findStrangers(tx, projectId, rule)
  if (roles.length > 0) throw new Failure('BAD_REQUEST', `the project has no role ${roles.join(', ')}`)
  if (robots.length > 0) throw new Failure('BAD_REQUEST', `the project has no robot ${robots.join(', ')}`)
}

function refuse(problem: string | undefined): void {
  if (problem !== undefined) throw new Failure('BAD_REQUEST', problem)
}

const notFound = (id: number) => new Failure('NOT_FOUND', `the project has no rule ${id} for tags`)

async function explaining<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isUniqueViolation(error))
      throw new Failure('CONFLICT', `the project has a rule ${name} already`, { cause: error })
    if (isReferenceViolation(error))
      throw new Failure('NOT_FOUND', 'the project, a role or a robot is gone', { cause: error })
    throw error
  }
}
