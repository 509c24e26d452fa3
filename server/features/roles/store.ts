import type { Paged, PagePart, Queryable, Tx } from '../../platform/db/db.ts'
import { jsonbText } from '../../platform/db/json.ts'
import { sql, type Sql } from '../../platform/db/sql.ts'
import { accountRightsKey, changesRightsOfGroup, permissionsOfRole, roleNames } from '../access/index.ts'
import type { NewRole } from './rules.ts'

/** `projectId` null: for every project. `permissions` of Harbor's roles are those that they have in Harbor. */
export type Role = {
  id: number
  projectId: number | null
  name: string
  description: string
  permissions: readonly string[]
  bindings: number
  createdAt: Date
  updatedAt: Date
}

export const isHarbors = ({ id }: Pick<Role, 'id'>): boolean => Object.hasOwn(roleNames, id)

const columns = sql`
  role.id, role.project_id as "projectId", role.name, role.description, role.permissions,
  role.created_at as "createdAt", role.updated_at as "updatedAt"`

const filled = (role: Role): Role => ({ ...role, permissions: permissionsOfRole(role.id, role.permissions) })

/** One page of the roles for every project, and of those of one project, which counts its own bindings alone. */
export async function listRoles(
  db: Queryable,
  projectId: number | null,
  part: Pick<PagePart, 'limit' | 'offset'>,
): Promise<Paged<Role>> {
  const [whose, counted] =
    projectId === null
      ? [sql`role.project_id is null`, sql`true`]
      : [sql`(role.project_id is null or role.project_id = ${projectId})`, sql`binding.project_id = ${projectId}`]
  const { rows, total } = await db.page<Role>(
    { columns: sql`${columns}, ${bindingsWhere(counted)}`, from: sql`from role where ${whose}` },
    { ...part, order: sql`role.id` },
  )
  return { rows: rows.map(filled), total }
}

const bindingsWhere = (where: Sql) => sql`(
  select count(*) from role_binding binding where binding.role_id = role.id and ${where}) as bindings`

export async function findRole(db: Queryable, id: number): Promise<Role | undefined> {
  const row = await db.row<Role>(sql`select ${columns}, ${bindingsWhere(sql`true`)} from role where id = ${id}`)
  return row && filled(row)
}

/** Locks a role against changes; for the change of it when `toChange`. */
export async function lockRole(tx: Tx, id: number, toChange: boolean): Promise<Role | undefined> {
  const lock = toChange ? sql`for update` : sql`for share`
  const row = await tx.row<Role>(sql`select ${columns}, 0 as bindings from role where id = ${id} ${lock}`)
  return row && filled(row)
}

/** Returns the id of the new role; 'full' beyond the limit, 'taken' when a role for every project has the name. */
export async function addRole(
  tx: Tx,
  projectId: number | null,
  { name, description, permissions }: NewRole,
  limit: number,
): Promise<number | 'full' | 'taken'> {
  if (projectId === null) await tx.rows(sql`select pg_advisory_xact_lock(hashtextextended('roles', 0))`)
  else await tx.row(sql`select id from project where id = ${projectId} for no key update`)
  const counted = await tx.row<{ count: number; taken: boolean }>(sql`
    select count(*) filter (where project_id is not distinct from ${projectId}::bigint and id > 100),
      coalesce(bool_or(name = ${name} and project_id is null), false) as taken
    from role where project_id is null or project_id = ${projectId}::bigint`)
  if (counted!.taken) return 'taken'
  if (counted!.count >= limit) return 'full'
  const row = await tx.row<{ id: number }>(sql`
    insert into role (project_id, name, description, permissions)
    values (${projectId}::bigint, ${name}, ${description}, ${jsonbText(permissions)}::jsonb) returning id`)
  return row!.id
}

/** Changes a role, and with it at once what all its holders may do. */
export async function saveRole(tx: Tx, id: number, { name, description, permissions }: NewRole): Promise<void> {
  await changesRightsOfHolders(tx, id)
  await tx.run(sql`
    update role set name = ${name}, description = ${description}, permissions = ${jsonbText(permissions)}::jsonb,
      updated_at = now()
    where id = ${id}`)
}

export async function dropRole(tx: Tx, id: number): Promise<void> {
  await tx.run(sql`delete from role where id = ${id}`)
}

async function changesRightsOfHolders(tx: Tx, id: number): Promise<void> {
  const rows = await tx.rows<{ accountId: number | null; groupId: number | null }>(sql`
    select distinct account_id as "accountId", group_id as "groupId" from role_binding
    where role_id = ${id} order by group_id, account_id`)
  tx.changes(...rows.flatMap(({ accountId }) => (accountId === null ? [] : [accountRightsKey(accountId)])))
  for (const { groupId } of rows) if (groupId !== null) await changesRightsOfGroup(tx, groupId)
}

/** Who holds a role, and which rules name it, as words; at most `most` of them. */
export async function listUsesOf(tx: Tx, id: number, most: number): Promise<string[]> {
  const rows = await tx.rows<{ what: string }>(sql`
    (select case when account.id is null then 'group ' || user_group.name else 'user ' || account.name end
        || ' in project ' || project.name as what
      from role_binding binding join project on project.id = binding.project_id
      left join account on account.id = binding.account_id
      left join user_group on user_group.id = binding.group_id
      where binding.role_id = ${id} order by binding.id limit ${most})
    union all
    (select 'the rule ' || rule.name || ' for tags of project ' || project.name
      from tag_protection_role named join tag_protection rule on rule.id = named.rule_id
      join project on project.id = rule.project_id
      where named.role_id = ${id} order by rule.id limit ${most})`)
  return rows.map(({ what }) => what)
}
