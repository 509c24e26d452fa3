import type { Actor } from '../../catalog/topics.ts'
import { isUniqueViolation, type Db, type Tx } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { accountRightsKey, changesMembersOf, changesRightsOfGroup } from '../access/index.ts'
import { dropGroup, groupTypes, renameGroup, replaceGroupsOf, saveGroup, type Group, type GroupType } from './store.ts'
import { facts } from './topics.ts'

/** Throws BAD_REQUEST or CONFLICT. */
export async function createGroup(
  db: Db,
  by: Actor,
  wanted: { name: string; type: number; ldapDn: string },
): Promise<Group> {
  const problem = groupProblem(wanted)
  if (problem) throw new Failure('BAD_REQUEST', problem)
  return refusingDuplicates(() =>
    db.transaction((tx) => addGroup(tx, by, { ...wanted, type: wanted.type as GroupType })),
  )
}

/** Adds a group within the caller's transaction. Throws a unique violation when one of its type and name exists. */
export async function addGroup(tx: Tx, by: Actor, wanted: Omit<Group, 'id'>): Promise<Group> {
  const group = await saveGroup(tx, wanted)
  await emit(tx, [facts.groupCreated({ groupId: group.id, name: group.name, type: group.type }, by)])
  return group
}

export function groupProblem({
  name,
  type,
  ldapDn,
}: {
  name: string
  type: number
  ldapDn: string
}): string | undefined {
  if (name.length < 1 || name.length > 255 || /\p{Cc}/u.test(name))
    return 'a group name has 1 to 255 characters and no control characters'
  if (!Object.values(groupTypes).includes(type as GroupType)) return 'group_type is 1 (LDAP), 2 (HTTP) or 3 (OIDC)'
  if (type === groupTypes.ldap && ldapDn === '') return 'an LDAP group needs its ldap_group_dn'
  if (type !== groupTypes.ldap && ldapDn !== '') return 'only an LDAP group has an ldap_group_dn'
  return ldapDn.length > 1024 || /\p{Cc}/u.test(ldapDn)
    ? 'ldap_group_dn has at most 1024 characters and no control characters'
    : undefined
}

export async function updateGroup(db: Db, by: Actor, group: Group, name: string): Promise<void> {
  const problem = groupProblem({ ...group, name })
  if (problem) throw new Failure('BAD_REQUEST', problem)
  await refusingDuplicates(() =>
    db.transaction(async (tx) => {
      await renameGroup(tx, group.id, name)
      await emit(tx, [facts.groupChanged({ groupId: group.id, name, before: group.name }, by)])
    }),
  )
}

/** Deletes a group and its memberships, effective with the next request. */
export async function deleteGroup(db: Db, by: Actor, group: Group): Promise<void> {
  await db.transaction(async (tx) => {
    await changesRightsOfGroup(tx, group.id)
    await changesMembersOf(tx, { groupId: group.id })
    await dropGroup(tx, group.id)
    await emit(tx, [facts.groupDeleted({ groupId: group.id, name: group.name }, by)])
  })
}

/** Replaces the groups of an account by those that their source, a directory, reports at a login. */
export async function setGroupsOf(db: Db, accountId: number, groupIds: number[]): Promise<void> {
  await db.transaction(async (tx) => {
    tx.changes(accountRightsKey(accountId))
    await replaceGroupsOf(tx, accountId, groupIds)
  })
}

async function refusingDuplicates<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isUniqueViolation(error)) throw new Failure('CONFLICT', 'a group of this type and name exists already')
    throw error
  }
}
