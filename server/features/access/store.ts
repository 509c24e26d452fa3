import type { Reader } from '../../catalog/reader.ts'
import type { Tx } from '../../platform/db/db.ts'
import { keyOf } from '../../platform/cache/keys.ts'
import { sql } from '../../platform/db/sql.ts'
import { andThen, type Maybe } from '../../platform/maybe.ts'
import type { Caller } from '../../registry/caller.ts'
import type { AccountRights, Rights, Role, StoredScope, TokenRights, TokenScope } from './rules.ts'
import { findWorkloadRights, workloadRightsKey } from './workloads.ts'

export const accountRightsKey = keyOf('rights', 'account_id')
export const robotRightsKey = keyOf('robot_rights', 'robot_id')
/** The scope and the end of a personal token. */
export const tokenRightsKey = keyOf('token_rights', 'token_id')
/** How many members a project has in each role; see features/projects/store.ts. */
export const memberCountKey = keyOf('member_count', 'project_id')
/** Maps the full name of a robot to its row. */
export const robotKey = keyOf('robot', 'full_name')
/**
 * `name` for a system robot, `project+name` for a robot of a project. The robot's login name is this with the prefix of
 * the settings before it.
 */
export const robotFullName = (name: string, projectName: string | null) =>
  `${projectName === null ? '' : `${projectName}+`}${name}`

/** From the cache, since every request that is not anonymous asks. Undefined when the account or robot is deleted. */
export function findRights(reader: Reader, caller: Caller): Maybe<Rights | undefined> {
  if (caller.kind === 'anonymous') return { kind: 'anonymous' }
  if (caller.kind === 'robot') return findRobotRights(reader, caller.id)
  if (caller.kind === 'workload') return findWorkloadRights(reader, caller, (...of) => heldByMaker(reader, ...of))
  // A scanner may pull what it scans (rights.ts), and nothing else.
  if (caller.kind === 'scanner') return undefined
  const account = findAccountRights(reader, caller.id)
  return caller.token === undefined ? account : andThen(account, (held) => held && ofToken(reader, caller.token!, held))
}

/** The rights of an account as far as a token of it goes. Undefined for a token that is over or was revoked. */
function ofToken({ db, cache }: Reader, id: number, account: AccountRights): Maybe<Rights | undefined> {
  type Row = { accountId: number; expiresAt: Date | null; scope: StoredScope | null }
  const load = () =>
    db.row<Row>(sql`
      select account_id as "accountId", expires_at as "expiresAt", scope from personal_token where id = ${id}`)
  const found = cache.get(tokenRightsKey(id), load, (row) => 300 + JSON.stringify(row.scope).length * 2)
  return andThen(found, (row) => {
    // A token expires without a write that would change the cached row, so each use compares the time.
    if (!row || row.accountId !== account.id || (row.expiresAt !== null && row.expiresAt.getTime() <= Date.now()))
      return undefined
    if (row.scope === null) return { ...account, byToken: true }
    const { name, isDisabled } = account
    return { kind: 'token', id: account.id, name, isDisabled, account, scope: scopeOf(row.scope) }
  })
}

/** What a trust rule gives: its scope, as far as the account of its maker goes. Undefined when that may nothing. */
function heldByMaker(reader: Reader, makerId: number, scope: StoredScope): Maybe<TokenRights | undefined> {
  return andThen(findAccountRights(reader, makerId), (account) =>
    account && !account.isDisabled
      ? { kind: 'token', id: account.id, name: account.name, isDisabled: false, account, scope: scopeOf(scope) }
      : undefined,
  )
}

function scopeOf({ system, projects }: StoredScope): TokenScope {
  const places = Object.entries(projects).map(
    ([place, held]) => [place === '*' ? place : Number(place), new Set(held)] as const,
  )
  return { system: new Set(system), projects: new Map(places) }
}

export function findAccountRights({ db, cache }: Reader, id: number): Maybe<AccountRights | undefined> {
  const load = async (): Promise<AccountRights | undefined> => {
    const row = await db.row<{ name: string; isAdmin: boolean; isDisabled: boolean; roles: [number, Role][] }>(sql`
      select name, is_admin as "isAdmin", is_disabled as "isDisabled", coalesce((
        select json_agg(json_build_array(project_id, role)) from project_member
        where account_id = account.id
          or group_id in (select group_id from account_group where account_id = account.id)), '[]') as roles
      from account where id = ${id}`)
    if (!row) return undefined
    const roles = new Map<number, Role[]>()
    for (const [projectId, role] of row.roles) roles.set(projectId, [...(roles.get(projectId) ?? []), role])
    return { kind: 'user', id, name: row.name, isAdmin: row.isAdmin, isDisabled: row.isDisabled, roles }
  }
  return cache.get(accountRightsKey(id), load, sizeOfRights)
}

const sizeOfRights = ({ roles }: AccountRights) => 200 + roles.size * 100

function findRobotRights({ db, cache }: Reader, id: number): Maybe<Rights | undefined> {
  type Row = {
    name: string
    projectId: number | null
    isDisabled: boolean
    expiresAt: Date | null
    held: { kind: string; namespace: string; resource: string; action: string }[]
  }
  const load = async () => {
    const row = await db.row<Row>(sql`
      select robot.name, project_id as "projectId", is_disabled as "isDisabled", expires_at as "expiresAt", coalesce((
        select json_agg(json_build_object(
          'kind', kind, 'namespace', namespace, 'resource', resource, 'action', action))
        from robot_permission where robot_id = robot.id), '[]') as held
      from robot where robot.id = ${id}`)
    return row && { row }
  }
  const found = cache.get(robotRightsKey(id), load, ({ row }) => 200 + row.held.length * 150)
  return andThen(found, (kept) => kept && robotRights(id, kept.row))

  function robotRights(robotId: number, { name, projectId, isDisabled, expiresAt, held }: Row): Rights {
    const projects = new Map<string, Set<string>>()
    for (const { kind, namespace, resource, action } of held) {
      if (kind !== 'project') continue
      projects.set(namespace, (projects.get(namespace) ?? new Set()).add(`${resource}:${action}`))
    }
    const system = new Set(
      held.filter(({ kind }) => kind === 'system').map(({ resource, action }) => `${resource}:${action}`),
    )
    // A robot expires without a write that would change the cached row, so each use compares the time.
    return {
      kind: 'robot',
      id: robotId,
      name,
      projectId,
      isDisabled: isDisabled || (expiresAt !== null && expiresAt.getTime() <= Date.now()),
      system,
      projects,
    }
  }
}

export async function dropMember(tx: Tx, projectId: number, accountId: number): Promise<void> {
  tx.changes(accountRightsKey(accountId), memberCountKey(projectId))
  await tx.run(sql`delete from project_member where project_id = ${projectId} and account_id = ${accountId}`)
}

/** Upserts the role of an account in a project; `addedBy` names who did so. Returns the member's id. */
export async function saveMember(
  tx: Tx,
  projectId: number,
  accountId: number,
  role: Role,
  addedBy?: string,
): Promise<number> {
  tx.changes(accountRightsKey(accountId), memberCountKey(projectId))
  const row = await tx.row<{ id: number }>(sql`
    insert into project_member (project_id, account_id, role, added_by)
    values (${projectId}, ${accountId}, ${role}, ${addedBy ?? null})
    on conflict (project_id, account_id) do update set role = excluded.role, updated_at = now() returning id`)
  return row!.id
}

/**
 * Invalidates the cached rights of every account in a group; called by every change of what the group may do. The group
 * stays locked: an account that joined it after this read would keep cached rights from before the change.
 */
export async function changesRightsOfGroup(tx: Tx, groupId: number): Promise<void> {
  await tx.rows(sql`select id from user_group where id = ${groupId} for update`)
  const rows = await tx.rows<{ accountId: number }>(
    sql`select account_id as "accountId" from account_group where group_id = ${groupId}`,
  )
  tx.changes(...rows.map(({ accountId }) => accountRightsKey(accountId)))
}

/**
 * Invalidates the cached member counts of the projects that an account or group is a member of. Called before it is
 * deleted, with its row locked.
 */
export async function changesMembersOf(tx: Tx, who: { accountId: number } | { groupId: number }): Promise<void> {
  const held = 'accountId' in who ? sql`account_id = ${who.accountId}` : sql`group_id = ${who.groupId}`
  const rows = await tx.rows<{ projectId: number }>(
    sql`select project_id as "projectId" from project_member where ${held}`,
  )
  tx.changes(...rows.map(({ projectId }) => memberCountKey(projectId)))
}

/**
 * Called before a project is deleted. Its robots and trust rules are deleted with it; permissions that other robots
 * hold in it are deleted here, since they go by name and must not open a later project of that name. The project stays
 * locked: a robot made after this read would be deleted with the project, and yet stay in the cache.
 */
export async function dropRightsIn(tx: Tx, project: { id: number; name: string }): Promise<void> {
  await tx.rows(sql`select id from project where id = ${project.id} for update`)
  const own = await tx.rows<{ id: number; name: string }>(
    sql`select id, name from robot where project_id = ${project.id}`,
  )
  const others = await tx.rows<{ id: number }>(
    sql`delete from robot_permission where kind = 'project' and namespace = ${project.name} returning robot_id as id`,
  )
  const rules = await tx.rows<{ id: number }>(sql`select id from workload_rule where project_id = ${project.id}`)
  tx.changes(
    ...rules.map(({ id }) => workloadRightsKey(id)),
    ...[...own, ...others].map(({ id }) => robotRightsKey(id)),
    ...own.map(({ name }) => robotKey(robotFullName(name, project.name))),
  )
}
