import type { Reader } from '../../catalog/reader.ts'
import type { Paged, Queryable, Tx } from '../../platform/db/db.ts'
import type { Condition, Fields, Listing } from '../../platform/db/listing.ts'
import { sql, type Sql } from '../../platform/db/sql.ts'
import { robotFullName, robotKey, robotRightsKey } from '../access/index.ts'
import type { Grant } from './rules.ts'

export type Robot = {
  id: number
  name: string
  projectId: number | null
  projectName: string | null
  description: string
  durationDays: number
  expiresAt: Date | null
  isDisabled: boolean
  creatorType: string
  creatorId: number
  lastUsedAt: Date | null
  /** Until when the secret before the present one works; null: it does not. */
  oldSecretUntil: Date | null
  createdAt: Date
  updatedAt: Date
  grants: Grant[]
}

const columns = sql`
  robot.id, robot.name, robot.project_id as "projectId", project.name as "projectName", robot.description,
  robot.duration_days as "durationDays", robot.expires_at as "expiresAt", robot.is_disabled as "isDisabled",
  robot.creator_type as "creatorType", robot.creator_id as "creatorId", robot.last_used_at as "lastUsedAt",
  case when robot.old_secret_until > now() then robot.old_secret_until end as "oldSecretUntil",
  robot.created_at as "createdAt", robot.updated_at as "updatedAt",
  coalesce((
    select json_agg(
      json_build_object('kind', kind, 'namespace', namespace, 'resource', resource, 'action', action)
      order by kind, namespace, resource, action)
    from robot_permission where robot_id = robot.id), '[]') as grants`
const from = sql`from robot left join project on project.id = robot.project_id`

/**
 * The name with which a robot logs in, and which the API shows. As in Harbor, the prefix is a setting for all robots.
 */
export const loginNameOf = ({ name, projectName }: Pick<Robot, 'name' | 'projectName'>, prefix: string) =>
  prefix + robotFullName(name, projectName)

/** Prefixes with which every robot may log in, whatever the setting says: Harbor's, and one that no shell changes. */
export const knownPrefixes = ['robot$', 'robot-']

/** Finds a robot by its short name, as Harbor's clients do, or by its full name, as the portal shows it. */
const whereName =
  (prefix: string) =>
  (condition: Condition): Sql | undefined => {
    const loginName = sql`(${prefix}::text || coalesce(project.name || '+', '') || robot.name)`
    if (condition.kind === 'is') return sql`(robot.name = ${condition.value} or ${loginName} = ${condition.value})`
    return condition.kind === 'like'
      ? sql`position(lower(${condition.value}::text) in lower(${loginName})) > 0`
      : undefined
  }

/**
 * Fields by which a list of robots can be filtered and sorted. Level and project are no fields: they choose the list.
 */
export const robotFields = (prefix: string): Fields => ({
  name: { type: 'custom', where: whereName(prefix), sort: sql`robot.name` },
  id: { type: 'integer', column: sql`robot.id` },
  description: { type: 'text', column: sql`robot.description` },
  disable: { type: 'boolean', column: sql`robot.is_disabled` },
  disabled: { type: 'boolean', column: sql`robot.is_disabled` },
  duration: { type: 'integer', column: sql`robot.duration_days` },
  creation_time: { type: 'time', column: sql`robot.created_at` },
  update_time: { type: 'time', column: sql`robot.updated_at` },
})
export const robotOrder = sql`robot.name, robot.id`

/** One page of a project's robots; `projectId` null: of the system's robots. */
export function listRobots(db: Queryable, projectId: number | null, asked: Listing): Promise<Paged<Robot>> {
  const where = sql`robot.project_id is not distinct from ${projectId}::bigint and ${asked.where}`
  return db.page({ columns, from: sql`${from} where ${where}` }, asked)
}

export function findRobot(db: Queryable, id: number): Promise<Robot | undefined> {
  return db.row<Robot>(sql`select ${columns} ${from} where robot.id = ${id}`)
}

type RobotSecret = {
  id: number
  secretHash: string
  oldSecretHash: string | null
  oldSecretUntil: Date | null
  isDisabled: boolean
  expiresAt: Date | null
}

/** The secret of a robot by its login name without the prefix. Read at each login, hence from the cache. */
export async function findRobotSecret({ db, cache }: Reader, fullName: string): Promise<RobotSecret | undefined> {
  const [first = '', second, more] = fullName.split('+', 3)
  // Only the exact name has a cache key that changes invalidate: under another name an old secret would stay cached.
  if (more !== undefined) return undefined
  const [projectName, short] = second === undefined ? [null, first] : [first, second]
  return cache.get(robotKey(fullName), () =>
    db.row<RobotSecret>(sql`
      select robot.id, secret_hash as "secretHash", old_secret_hash as "oldSecretHash",
        old_secret_until as "oldSecretUntil", is_disabled as "isDisabled", expires_at as "expiresAt" ${from}
      where robot.name = ${short} and project.name is not distinct from ${projectName}::text`),
  )
}

/** Names the cache keys that a change of a robot invalidates. Every change calls this. */
function changes(tx: Tx, robot: Pick<Robot, 'id' | 'name' | 'projectName'>) {
  tx.changes(robotRightsKey(robot.id), robotKey(robotFullName(robot.name, robot.projectName)))
}

type NewRobot = Pick<
  Robot,
  'name' | 'projectId' | 'projectName' | 'description' | 'durationDays' | 'isDisabled' | 'creatorType' | 'creatorId'
> & { secretHash: string }

/** Inserts a robot. Throws a unique violation when its name is taken. */
export async function saveRobot(
  tx: Tx,
  robot: NewRobot,
): Promise<{ id: number; createdAt: Date; expiresAt: Date | null }> {
  const row = await tx.row<{ id: number; createdAt: Date; expiresAt: Date | null }>(sql`
    insert into robot (
      name, project_id, description, secret_hash, duration_days, expires_at, is_disabled, creator_type, creator_id)
    values (
      ${robot.name}, ${robot.projectId}, ${robot.description}, ${robot.secretHash}, ${robot.durationDays},
      case when ${robot.durationDays}::int = -1 then null
        else now() + make_interval(days => ${robot.durationDays}::int) end,
      ${robot.isDisabled}, ${robot.creatorType}, ${robot.creatorId})
    returning id, created_at as "createdAt", expires_at as "expiresAt"`)
  changes(tx, { ...robot, id: row!.id })
  return row!
}

/**
 * Locks the projects that grants name and returns the names of those that do not exist. The lock keeps the projects
 * until the transaction ends: a right in a project that is just being deleted would hold in a later one of its name
 * (H30). Called before anything else is locked, in the same order as in the deletion of a project.
 */
export async function lockPlaces(tx: Tx, grants: Grant[]): Promise<string[]> {
  const names = [
    ...new Set(grants.flatMap(({ kind, namespace }) => (kind === 'project' && namespace !== '*' ? [namespace] : []))),
  ]
  const rows = await tx.rows<{ name: string }>(
    sql`select name from project where name = any(${names}::text[]) order by id for key share`,
  )
  const there = new Set(rows.map(({ name }) => name))
  return names.filter((name) => !there.has(name))
}

export async function saveGrants(tx: Tx, robotId: number, grants: Grant[]): Promise<void> {
  await tx.run(sql`delete from robot_permission where robot_id = ${robotId}`)
  await tx.run(sql`
    insert into robot_permission (robot_id, kind, namespace, resource, action)
    select distinct ${robotId}::bigint, kind, namespace, resource, action
    from unnest(
      ${grants.map((one) => one.kind)}::text[], ${grants.map((one) => one.namespace)}::text[],
      ${grants.map((one) => one.resource)}::text[], ${grants.map((one) => one.action)}::text[]
    ) as held (kind, namespace, resource, action)`)
}

/** A changed duration is counted from the robot's creation, as in Harbor. */
export async function changeRobot(
  tx: Tx,
  robot: Robot,
  change: { description: string; durationDays: number; isDisabled: boolean },
): Promise<void> {
  changes(tx, robot)
  await tx.run(sql`
    update robot set
      description = ${change.description}, is_disabled = ${change.isDisabled},
      duration_days = ${change.durationDays}, updated_at = now(),
      expires_at = case
        when ${change.durationDays}::int = -1 then null
        when duration_days = ${change.durationDays}::int then expires_at
        else created_at + make_interval(days => ${change.durationDays}::int) end
    where id = ${robot.id}`)
}

/** The secret before works for `oldMs` more, and one before that not at all. Returns until when; null: not at all. */
export async function changeSecret(tx: Tx, robot: Robot, secretHash: string, oldMs: number): Promise<Date | null> {
  changes(tx, robot)
  const row = await tx.row<{ until: Date | null }>(sql`
    update robot set
      old_secret_hash = case when ${oldMs}::float8 > 0 then secret_hash end,
      old_secret_until = case when ${oldMs}::float8 > 0 then now() + make_interval(secs => ${oldMs}::float8 / 1000) end,
      secret_hash = ${secretHash}, updated_at = now()
    where id = ${robot.id} returning old_secret_until as until`)
  return row?.until ?? null
}

/** Ends the secret before the present one; false when it does not work anyway. */
export async function dropOldSecret(tx: Tx, robot: Robot): Promise<boolean> {
  changes(tx, robot)
  const count = await tx.run(sql`
    update robot set old_secret_hash = null, old_secret_until = null, updated_at = now()
    where id = ${robot.id} and old_secret_until > now()`)
  return count > 0
}

/** True of robots that expire within `warningMs`, and whose life is half over: a robot for a day is not born old. */
const expiresSoon = (warningMs: number) => sql`
  not robot.is_disabled and robot.expires_at > now() and robot.expires_at - now() <=
    least(make_interval(secs => ${warningMs}::float8 / 1000), (robot.expires_at - robot.created_at) / 2)`

type Expiring = Pick<Robot, 'id' | 'name' | 'projectId' | 'projectName'> & { expiresAt: Date }

/**
 * Marks robots that expire within `warningMs` as warned of, at most `most`, and returns those that were not before. A
 * robot that gets another expiry is warned of again.
 */
export async function markExpiring(tx: Tx, warningMs: number, most: number): Promise<Expiring[]> {
  return tx.rows<Expiring>(sql`
    with due as (
      select robot.id, project.name as project_name ${from}
      where ${expiresSoon(warningMs)} and robot.warned_of is distinct from robot.expires_at
      order by robot.id limit ${most} for update of robot skip locked)
    update robot set warned_of = robot.expires_at from due where robot.id = due.id
    returning robot.id, robot.name, robot.project_id as "projectId", due.project_name as "projectName",
      robot.expires_at as "expiresAt"`)
}

/** How many robots expire within `warningMs`. */
export async function countExpiring(db: Queryable, warningMs: number): Promise<number> {
  const row = await db.row<{ count: number }>(sql`select count(*) from robot where ${expiresSoon(warningMs)}`)
  return row?.count ?? 0
}

export async function dropRobot(tx: Tx, robot: Robot): Promise<void> {
  changes(tx, robot)
  await tx.run(sql`delete from robot where id = ${robot.id}`)
}

/** Updates rows in the order of their ids, so that two processes cannot deadlock. */
export async function saveUses(db: Queryable, uses: [id: number, at: Date][]): Promise<void> {
  const sorted = uses.toSorted(([a], [b]) => a - b)
  await db.run(sql`
    update robot set last_used_at = greatest(last_used_at, use.at)
    from unnest(${sorted.map(([id]) => id)}::bigint[], ${sorted.map(([, at]) => at)}::timestamptz[]) as use (id, at)
    where robot.id = use.id`)
}
