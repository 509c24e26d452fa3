import type { Paged, PagePart, Queryable, Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'

export type Holder = { kind: 'account' | 'group'; entityId: number; name: string }
/** `repositories`: a doublestar pattern; '' for the whole project. */
export type Binding = Holder & {
  id: number
  projectId: number
  roleId: number
  roleName: string
  repositories: string
  addedBy: string
  createdAt: Date
}

const holder = sql`
  case when one.account_id is null then 'group' else 'account' end as kind,
  coalesce(one.account_id, one.group_id) as "entityId", coalesce(account.name, user_group.name) as name,
  one.added_by as "addedBy", one.created_at as "createdAt"`
const holders = sql`
  left join account on account.id = one.account_id
  left join user_group on user_group.id = one.group_id`
const columns = sql`
  one.id, one.project_id as "projectId", one.role_id as "roleId", role.name as "roleName", one.repositories, ${holder}`
const from = sql`from role_binding one join role on role.id = one.role_id ${holders}`

type Part = Pick<PagePart, 'limit' | 'offset'>

/** One page of a project's bindings, with `roleId` of those of one role. */
export function listBindings(
  db: Queryable,
  projectId: number,
  roleId: number | undefined,
  part: Part,
): Promise<Paged<Binding>> {
  const ofRole = roleId === undefined ? sql`true` : sql`one.role_id = ${roleId}`
  const list = { columns, from: sql`${from} where one.project_id = ${projectId} and ${ofRole}` }
  return db.page<Binding>(list, { ...part, order: sql`name, one.id` })
}

/** Undefined also for a binding of another project. */
export function findBinding(db: Queryable, projectId: number, id: number): Promise<Binding | undefined> {
  return db.row<Binding>(sql`select ${columns} ${from} where one.project_id = ${projectId} and one.id = ${id}`)
}

/** Returns the id, or 'full' beyond the limit. Throws a unique violation for a binding that there is. */
export async function addBinding(
  tx: Tx,
  wanted: { projectId: number; roleId: number; repositories: string; addedBy: string },
  { kind, entityId }: Holder,
  limit: number,
): Promise<number | 'full'> {
  const { projectId, roleId, repositories, addedBy } = wanted
  await tx.row(sql`select id from project where id = ${projectId} for no key update`)
  const counted = await tx.row<{ count: number }>(
    sql`select count(*) from role_binding where project_id = ${projectId}`,
  )
  if (counted!.count >= limit) return 'full'
  const [accountId, groupId] = kind === 'account' ? [entityId, null] : [null, entityId]
  const row = await tx.row<{ id: number }>(sql`
    insert into role_binding (project_id, role_id, account_id, group_id, repositories, added_by)
    values (${projectId}, ${roleId}, ${accountId}::bigint, ${groupId}::bigint, ${repositories}, ${addedBy})
    returning id`)
  return row!.id
}

/** False when the binding is gone already. */
export async function dropBinding(tx: Tx, id: number): Promise<boolean> {
  return (await tx.run(sql`delete from role_binding where id = ${id}`)) > 0
}

export type Auditor = Holder & { id: number; mayPull: boolean; addedBy: string; createdAt: Date }

const auditorColumns = sql`one.id, one.may_pull as "mayPull", ${holder}`
const auditors = sql`from auditor one ${holders}`

export function listAuditors(db: Queryable, part: Part): Promise<Paged<Auditor>> {
  return db.page<Auditor>({ columns: auditorColumns, from: auditors }, { ...part, order: sql`name, one.id` })
}

export function findAuditor(db: Queryable, id: number): Promise<Auditor | undefined> {
  return db.row<Auditor>(sql`select ${auditorColumns} ${auditors} where one.id = ${id}`)
}

/** Throws a unique violation for an auditor that there is. */
export async function addAuditor(
  tx: Tx,
  { kind, entityId }: Holder,
  mayPull: boolean,
  addedBy: string,
): Promise<number> {
  const [accountId, groupId] = kind === 'account' ? [entityId, null] : [null, entityId]
  const row = await tx.row<{ id: number }>(sql`
    insert into auditor (account_id, group_id, may_pull, added_by)
    values (${accountId}::bigint, ${groupId}::bigint, ${mayPull}, ${addedBy}) returning id`)
  return row!.id
}

export async function dropAuditor(tx: Tx, id: number): Promise<boolean> {
  return (await tx.run(sql`delete from auditor where id = ${id}`)) > 0
}
