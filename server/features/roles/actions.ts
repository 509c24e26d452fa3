import type { Project } from '../../catalog/project.ts'
import type { Actor } from '../../catalog/topics.ts'
import { isUniqueViolation, type Db } from '../../platform/db/db.ts'
import { differing } from '../../platform/events/differing.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { demandGiving, type Rights } from '../access/index.ts'
import { roleProblem, rolesLimit, type NewRole, type RoleChange } from './rules.ts'
import { addRole, dropRole, isHarbors, listUsesOf, lockRole, saveRole, type Role } from './store.ts'
import { facts } from './topics.ts'

/** Who makes or changes a role. */
export type Giver = { rights: Rights; by: Actor }

/** How many holders the refusal to delete a role names. */
const namedHolders = 10

/**
 * Makes a role, for every project without one. Throws BAD_REQUEST, CONFLICT for a name that is taken, PRECONDITION
 * beyond the limit, and DENIED for a role of a project with rights that its maker lacks there.
 */
export async function createRole(
  db: Db,
  { rights, by }: Giver,
  project: Project | undefined,
  wanted: NewRole,
): Promise<number> {
  refuse(roleProblem(wanted))
  if (project) demandGiving(rights, project, wanted.permissions)
  const projectId = project?.id ?? null
  return refusingTaken(wanted.name, () =>
    db.transaction(async (tx) => {
      const roleId = await addRole(tx, projectId, wanted, rolesLimit)
      if (roleId === 'taken') throw taken(wanted.name)
      if (roleId === 'full') throw new Failure('PRECONDITION', `there are at most ${rolesLimit} roles here`)
      const { name, permissions } = wanted
      await emit(tx, [facts.roleCreated({ projectId, roleId, name, permissions }, by)])
      return roleId
    }),
  )
}

/** Changes a role for all who hold it. Throws as createRole; rights that the role has already may stay in it. */
export async function updateRole(
  db: Db,
  { rights, by }: Giver,
  project: Project | undefined,
  roleId: number,
  given: RoleChange,
): Promise<void> {
  refuse(roleProblem(given))
  await refusingTaken(given.name ?? '', () =>
    db.transaction(async (tx) => {
      const known = await lockRole(tx, roleId, true)
      if (!known) throw absent(roleId)
      refuseHarbors(known)
      const had = new Set(known.permissions)
      const added = (given.permissions ?? []).filter((one) => !had.has(one))
      if (project) demandGiving(rights, project, added)
      const wanted = { ...textsOf(known), ...given }
      await saveRole(tx, roleId, wanted)
      const changed = differing(textsOf(known), given)
      const { projectId, name } = known
      if (Object.keys(changed).length > 0) await emit(tx, [facts.roleChanged({ projectId, roleId, name, changed }, by)])
    }),
  )
}

/** Throws PRECONDITION, with who holds it, for a role that is in use. */
export async function deleteRole(db: Db, by: Actor, roleId: number): Promise<void> {
  await db.transaction(async (tx) => {
    const known = await lockRole(tx, roleId, true)
    if (!known) throw absent(roleId)
    refuseHarbors(known)
    const uses = await listUsesOf(tx, roleId, namedHolders + 1)
    if (uses.length > 0) throw new Failure('PRECONDITION', inUse(known.name, uses))
    await dropRole(tx, roleId)
    await emit(tx, [facts.roleDeleted({ projectId: known.projectId, roleId, name: known.name }, by)])
  })
}

export const absent = (id: number) => new Failure('NOT_FOUND', `there is no role ${id}`)

function inUse(name: string, uses: string[]): string {
  const more = uses.length > namedHolders ? ' and others' : ''
  return `the role ${name} is in use by ${uses.slice(0, namedHolders).join(', ')}${more}: take it from them first`
}

const textsOf = ({ name, description, permissions }: Role): NewRole => ({
  name,
  description,
  permissions: [...permissions],
})

function refuseHarbors(role: Role): void {
  if (isHarbors(role)) throw new Failure('PRECONDITION', `${role.name} is a role of Harbor's, which stays as it is`)
}

function refuse(problem: string | undefined): void {
  if (problem !== undefined) throw new Failure('BAD_REQUEST', problem)
}

const taken = (name: string, cause?: unknown) => new Failure('CONFLICT', `there is a role ${name} already`, { cause })

async function refusingTaken<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw isUniqueViolation(error) ? taken(name, error) : error
  }
}
