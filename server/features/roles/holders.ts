import type { Project } from '../../catalog/project.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { sql, type Sql } from '../../platform/db/sql.ts'
import { permissionsOfRole, robotFullName } from '../access/index.ts'

/**
 * Where rights in a project come from: a membership or a binding, through a group where there is one, or the
 * permissions of a robot, which have no role. `repositories`: the pattern within which they hold; '' for the whole
 * project.
 */
export type Source = {
  roleId?: number
  roleName: string
  repositories: string
  permissions: ReadonlySet<string>
  groupName: string | null
}
/** An account, a group or a robot with what it holds in a project itself. Robots by `project+name`. */
export type Holder = { kind: 'account' | 'group' | 'robot'; id: number; name: string; sources: Source[] }

/** Everybody who holds something in a project, by kind and name. Members of groups are not listed one by one. */
export async function listHolders(db: Queryable, project: Project): Promise<Holder[]> {
  const rows = await listSources(db, sql`held.project_id = ${project.id}`)
  const byHolder = Map.groupBy(rows, ({ kind, id }) => `${kind} ${id}`)
  const people = [...byHolder.values()].map((held) => {
    const { kind, id, name } = held[0]!
    return { kind, id, name, sources: held.map((row) => sourceOf(row, null)) }
  })
  return [...people, ...(await listRobots(db, project))]
}

/** What an account holds in a project, itself and through its groups. */
export async function sourcesOfAccount(db: Queryable, projectId: number, accountId: number): Promise<Source[]> {
  const mine = sql`held.project_id = ${projectId} and (held.account_id = ${accountId}
    or held.group_id in (select group_id from account_group where account_id = ${accountId}))`
  const rows = await listSources(db, mine)
  return rows.map((row) => sourceOf(row, row.kind === 'group' ? row.name : null))
}

type Row = {
  kind: 'account' | 'group'
  id: number
  name: string
  roleId: number
  roleName: string
  repositories: string
  permissions: string[]
}

function listSources(db: Queryable, where: Sql): Promise<Row[]> {
  return db.rows<Row>(sql`
    select case when account.id is null then 'group' else 'account' end as kind,
      coalesce(account.id, user_group.id) as id, coalesce(account.name, user_group.name) as name,
      role.id as "roleId", role.name as "roleName", held.repositories, role.permissions
    from (
      select project_id, account_id, group_id, role::bigint as role_id, '' as repositories from project_member
      union all
      select project_id, account_id, group_id, role_id, repositories from role_binding) held
    join role on role.id = held.role_id
    left join account on account.id = held.account_id
    left join user_group on user_group.id = held.group_id
    where ${where} order by kind, name, role.id, held.repositories`)
}

const sourceOf = ({ roleId, roleName, repositories, permissions }: Row, groupName: string | null): Source => ({
  roleId,
  roleName,
  repositories,
  permissions: new Set(permissionsOfRole(roleId, permissions)),
  groupName,
})

async function listRobots(db: Queryable, project: Project): Promise<Holder[]> {
  const rows = await db.rows<{ id: number; name: string; projectName: string | null; permissions: string[] }>(sql`
    select robot.id, robot.name, project.name as "projectName",
      json_agg(held.resource || ':' || held.action) as permissions
    from robot_permission held join robot on robot.id = held.robot_id
    left join project on project.id = robot.project_id
    where held.kind = 'project' and not robot.is_disabled
      and (robot.project_id = ${project.id}
        or robot.project_id is null and held.namespace in (${project.name}::text, '*'))
    group by robot.id, project.name order by robot.name, robot.id`)
  return rows.map(({ id, name, projectName, permissions }) => ({
    kind: 'robot',
    id,
    name: robotFullName(name, projectName),
    sources: [{ roleName: '', repositories: '', permissions: new Set(permissions), groupName: null }],
  }))
}
