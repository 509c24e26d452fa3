import type { Project } from '../../catalog/project.ts'
import type { Actor } from '../../catalog/topics.ts'
import { isReferenceViolation, isUniqueViolation, type Db, type Tx } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { accountRightsKey, changesRightsOfGroup, roleNames, type Role } from '../access/index.ts'
import { findAccountById, findAccountByName } from '../accounts/index.ts'
import {
  addGroup,
  findGroup,
  findGroupByDn,
  findGroupByName,
  groupProblem,
  groupTypes,
  type Group,
  type GroupType,
} from '../user-groups/index.ts'
import { addMember, changeRole, dropMember, type Member } from './store.ts'
import { facts } from './topics.ts'

/** The account or group that a request names, by id or by name. */
export type Wanted = {
  user?: { id?: number; name?: string }
  group?: { id?: number; name?: string; type?: number; ldapDn?: string }
}

/** An account or a group that can be given a role. */
type Entity = Pick<Member, 'kind' | 'entityId' | 'name'>

/** Throws BAD_REQUEST; NOT_FOUND when the account or group does not exist; CONFLICT when it is a member already. */
export async function addMemberTo(
  db: Db,
  by: Actor,
  project: Project,
  wanted: Wanted,
  roleId: number | undefined,
): Promise<number> {
  const role = parseRole(roleId)
  try {
    return await db.transaction(async (tx) => {
      const entity = await findEntity(tx, by, wanted)
      await changesRightsOf(tx, entity)
      const memberId = await addMember(
        tx,
        project.id,
        entity.kind === 'account' ? { accountId: entity.entityId } : { groupId: entity.entityId },
        role,
        by.name,
      )
      await emit(tx, [
        facts.memberAdded({ projectId: project.id, memberId, member: entity.name, kind: entity.kind, role }, by),
      ])
      return memberId
    })
  } catch (error) {
    if (isUniqueViolation(error))
      throw new Failure('CONFLICT', 'this user or group is a member of the project already', { cause: error })
    if (isReferenceViolation(error))
      throw new Failure('NOT_FOUND', 'the user, group or project is gone', { cause: error })
    throw error
  }
}

export async function updateMember(db: Db, by: Actor, member: Member, roleId: number | undefined): Promise<void> {
  const role = parseRole(roleId)
  await db.transaction(async (tx) => {
    await changesRightsOf(tx, member)
    await changeRole(tx, member, role)
    await emit(tx, [facts.memberChanged({ ...placeOf(member), role, before: member.role }, by)])
  })
}

export async function removeMember(db: Db, by: Actor, member: Member): Promise<void> {
  await db.transaction(async (tx) => {
    await changesRightsOf(tx, member)
    await dropMember(tx, member)
    await emit(tx, [facts.memberRemoved({ ...placeOf(member), role: member.role }, by)])
  })
}

const placeOf = ({ projectId, id, name, kind }: Member) => ({ projectId, memberId: id, member: name, kind })

/** Throws BAD_REQUEST for an id that is none of Harbor's five roles. */
export function parseRole(id: number | undefined): Role {
  if (id === undefined || !Object.hasOwn(roleNames, id))
    throw new Failure(
      'BAD_REQUEST',
      'role_id must be 1 (projectAdmin), 2 (developer), 3 (guest), 4 (maintainer) or 5 (limitedGuest)',
    )
  return id as Role
}

/** Says that what the account may do changes, or what the members of the group may do. */
export async function changesRightsOf(tx: Tx, { kind, entityId }: Entity): Promise<void> {
  if (kind === 'account') tx.changes(accountRightsKey(entityId))
  else await changesRightsOfGroup(tx, entityId)
}

/** Throws BAD_REQUEST, and NOT_FOUND for an account or a group that there is not. */
export async function findEntity(tx: Tx, by: Actor, { user, group }: Wanted): Promise<Entity> {
  if ((user === undefined) === (group === undefined))
    throw new Failure('BAD_REQUEST', 'either member_user or member_group is needed')
  const found = user ? await findUser(tx, user) : await findOrAddGroup(tx, by, group!)
  if (!found) throw new Failure('NOT_FOUND', user ? 'there is no such user' : 'there is no such user group')
  return { kind: user ? 'account' : 'group', entityId: found.id, name: found.name }
}

async function findUser(tx: Tx, { id, name }: NonNullable<Wanted['user']>) {
  if (id) return findAccountById(tx, id)
  if (!name) throw new Failure('BAD_REQUEST', 'member_user needs user_id or username')
  return findAccountByName(tx, name)
}

/** An HTTP or OIDC group is known by its name alone, so naming an unknown one creates it, as in Harbor. */
async function findOrAddGroup(
  tx: Tx,
  by: Actor,
  { id, name = '', type = 0, ldapDn = '' }: NonNullable<Wanted['group']>,
): Promise<Group | undefined> {
  if (id) return findGroup(tx, id)
  if (ldapDn !== '') return findGroupByDn(tx, ldapDn)
  const problem =
    type === groupTypes.ldap ? 'an LDAP group needs its id or ldap_group_dn' : groupProblem({ name, type, ldapDn })
  if (problem) throw new Failure('BAD_REQUEST', problem)
  return (
    (await findGroupByName(tx, type as GroupType, name)) ?? addGroup(tx, by, { name, type: type as GroupType, ldapDn })
  )
}
