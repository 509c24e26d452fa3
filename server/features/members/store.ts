import type { Paged, PagePart, Queryable, Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { memberCountKey, type Role } from '../access/index.ts'

export type Member = {
  id: number
  projectId: number
  role: Role
  kind: 'account' | 'group'
  entityId: number
  name: string
  createdAt: Date
  addedBy: string | null
}

const columns = sql`
  member.id, member.project_id as "projectId", member.role,
  case when account_id is null then 'group' else 'account' end as kind,
  coalesce(account_id, group_id) as "entityId", coalesce(account.name, user_group.name) as name,
  member.created_at as "createdAt", member.added_by as "addedBy"`
const from = sql`
  from project_member member
  left join account on account.id = account_id
  left join user_group on user_group.id = group_id`

export const memberOrder = sql`name, member.id`

/** One page of a project's members whose name contains `name`. */
export function listMembers(db: Queryable, projectId: number, name: string, part: PagePart): Promise<Paged<Member>> {
  const where = sql`member.project_id = ${projectId}
    and position(${name} in coalesce(account.name, user_group.name)) > 0`
  return db.page({ columns, from: sql`${from} where ${where}` }, part)
}

/** Undefined also when the member belongs to another project. */
export function findMember(db: Queryable, projectId: number, id: number): Promise<Member | undefined> {
  return db.row<Member>(sql`select ${columns} ${from} where member.project_id = ${projectId} and member.id = ${id}`)
}

/** Throws a unique violation when the account or group is a member already. */
export async function addMember(
  tx: Tx,
  projectId: number,
  entity: { accountId: number } | { groupId: number },
  role: Role,
  addedBy: string,
): Promise<number> {
  tx.changes(memberCountKey(projectId))
  const [accountId, groupId] = 'accountId' in entity ? [entity.accountId, null] : [null, entity.groupId]
  const row = await tx.row<{ id: number }>(sql`
    insert into project_member (project_id, account_id, group_id, role, added_by)
    values (${projectId}, ${accountId}, ${groupId}, ${role}, ${addedBy}) returning id`)
  return row!.id
}

export async function changeRole(tx: Tx, { id, projectId }: Member, role: Role): Promise<void> {
  tx.changes(memberCountKey(projectId))
  await tx.run(sql`update project_member set role = ${role}, updated_at = now() where id = ${id}`)
}

export async function dropMember(tx: Tx, { id, projectId }: Member): Promise<void> {
  tx.changes(memberCountKey(projectId))
  await tx.run(sql`delete from project_member where id = ${id}`)
}
