import type { Project } from '../../catalog/project.ts'
import type { Actor } from '../../catalog/topics.ts'
import { isReferenceViolation, isUniqueViolation, type Db } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { demandGiving } from '../access/index.ts'
import { changesRightsOf, findEntity, type WantedEntity } from '../members/index.ts'
import { absent, type Giver } from './actions.ts'
import { addAuditor, addBinding, dropAuditor, dropBinding, type Auditor, type Binding } from './binding-store.ts'
import { bindingsLimit, boundProblem } from './rules.ts'
import { isHarbors, lockRole } from './store.ts'
import { facts } from './topics.ts'

/** `repositories`: a doublestar pattern; '' for the whole project. */
type NewBinding = { roleId: number; repositories: string; entity: WantedEntity }

/**
 * Gives a role in a project. Throws BAD_REQUEST, NOT_FOUND for a role, user or group that there is not, DENIED for a
 * role with rights that the giver lacks in the project, CONFLICT for a binding that there is, PRECONDITION beyond the
 * limit.
 */
export async function bindRole(db: Db, { rights, by }: Giver, project: Project, wanted: NewBinding): Promise<number> {
  const { roleId, repositories, entity } = wanted
  return explaining('they hold this role here already', () =>
    db.transaction(async (tx) => {
      // Locked, so that nobody adds to the role, or deletes it, between the check and the binding.
      const role = await lockRole(tx, roleId, false)
      if (!role || (role.projectId !== null && role.projectId !== project.id)) throw absent(roleId)
      if (isHarbors(role) && repositories === '')
        throw new Failure(
          'BAD_REQUEST',
          `${role.name} is a role of Harbor's: make them a member for the whole project, or name repositories`,
        )
      const problem = boundProblem(repositories, role.permissions)
      if (problem) throw new Failure('BAD_REQUEST', problem)
      demandGiving(rights, project, role.permissions)
      const holder = await findEntity(tx, by, entity)
      await changesRightsOf(tx, holder)
      const place = { projectId: project.id, roleId, repositories, addedBy: by.name }
      const bindingId = await addBinding(tx, place, holder, bindingsLimit)
      if (bindingId === 'full')
        throw new Failure('PRECONDITION', `a project has at most ${bindingsLimit} bindings: bind groups`)
      const told = { projectId: project.id, bindingId, roleId, role: role.name, repositories }
      await emit(tx, [facts.roleBound({ ...told, holder: holder.name, kind: holder.kind }, by)])
      return bindingId
    }),
  )
}

export async function unbindRole(db: Db, by: Actor, binding: Binding): Promise<void> {
  const { id: bindingId, projectId, roleId, roleName: role, repositories, name: holder, kind } = binding
  await db.transaction(async (tx) => {
    await changesRightsOf(tx, binding)
    if (!(await dropBinding(tx, bindingId))) throw new Failure('NOT_FOUND', 'the binding is gone already')
    await emit(tx, [facts.roleUnbound({ projectId, bindingId, roleId, role, repositories, holder, kind }, by)])
  })
}

/** Makes a user or a group an auditor of the system. Throws BAD_REQUEST, NOT_FOUND, and CONFLICT for one that is. */
export async function makeAuditor(db: Db, by: Actor, entity: WantedEntity, mayPull: boolean): Promise<number> {
  return explaining('they are an auditor already', () =>
    db.transaction(async (tx) => {
      const holder = await findEntity(tx, by, entity)
      await changesRightsOf(tx, holder)
      const id = await addAuditor(tx, holder, mayPull, by.name)
      await emit(tx, [facts.auditorAdded({ holder: holder.name, kind: holder.kind, mayPull }, by)])
      return id
    }),
  )
}

export async function endAuditor(db: Db, by: Actor, auditor: Auditor): Promise<void> {
  await db.transaction(async (tx) => {
    await changesRightsOf(tx, auditor)
    if (!(await dropAuditor(tx, auditor.id))) throw new Failure('NOT_FOUND', 'they are no auditor any more')
    await emit(tx, [facts.auditorRemoved({ holder: auditor.name, kind: auditor.kind }, by)])
  })
}

async function explaining<Result>(there: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isUniqueViolation(error)) throw new Failure('CONFLICT', there, { cause: error })
    if (isReferenceViolation(error))
      throw new Failure('NOT_FOUND', 'the role, the user, the group or the project is gone', { cause: error })
    throw error
  }
}
