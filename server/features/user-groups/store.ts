import type { Paged, PagePart, Queryable, Tx } from '../../platform/db/db.ts'
import { sql, type Sql } from '../../platform/db/sql.ts'

/** Harbor's numbers of the kinds of groups. */
export const groupTypes = { ldap: 1, http: 2, oidc: 3 } as const
export type GroupType = (typeof groupTypes)[keyof typeof groupTypes]
export type Group = { id: number; name: string; type: GroupType; ldapDn: string }

const columns = sql`id, name, type, ldap_dn as "ldapDn"`

export const groupOrder = sql`name, id`

/** One page of the groups for which `where` holds. */
export function listGroups(db: Queryable, where: Sql, part: PagePart): Promise<Paged<Group>> {
  return db.page({ columns, from: sql`from user_group where ${where}` }, part)
}

export function findGroup(db: Queryable, id: number): Promise<Group | undefined> {
  return db.row<Group>(sql`select ${columns} from user_group where id = ${id}`)
}

export function findGroupByName(db: Queryable, type: GroupType, name: string): Promise<Group | undefined> {
  return db.row<Group>(
    sql`select ${columns} from user_group where type = ${type} and name = ${name} order by id limit 1`,
  )
}

/** In whatever case: it does not matter in a DN (RFC 4518). */
export function findGroupByDn(db: Queryable, dn: string): Promise<Group | undefined> {
  return db.row<Group>(sql`
    select ${columns} from user_group
    where type = ${groupTypes.ldap} and lower(ldap_dn) = lower(${dn}) order by id limit 1`)
}

/** Throws a unique violation when a group of this type and name exists. */
export async function saveGroup(tx: Tx, { name, type, ldapDn }: Omit<Group, 'id'>): Promise<Group> {
  const row = await tx.row<Group>(
    sql`insert into user_group (name, type, ldap_dn) values (${name}, ${type}, ${ldapDn}) returning ${columns}`,
  )
  return row!
}

export async function renameGroup(tx: Tx, id: number, name: string): Promise<void> {
  await tx.run(sql`update user_group set name = ${name}, updated_at = now() where id = ${id}`)
}

export async function dropGroup(tx: Tx, id: number): Promise<void> {
  await tx.run(sql`delete from user_group where id = ${id}`)
}

/** Gives an account exactly these groups: one that is gone at their source is gone here (Z02). */
export async function replaceGroupsOf(tx: Tx, accountId: number, groupIds: number[]): Promise<void> {
  await tx.run(
    sql`delete from account_group where account_id = ${accountId} and group_id <> all(${groupIds}::bigint[])`,
  )
  await tx.run(sql`
    insert into account_group (account_id, group_id)
    select ${accountId}, id from unnest(${groupIds}::bigint[]) as id
    on conflict do nothing`)
}
