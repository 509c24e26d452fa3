import type { Reader } from '../../catalog/reader.ts'
import { keyOf } from '../../platform/cache/keys.ts'
import type { Paged, PagePart, Queryable, Tx } from '../../platform/db/db.ts'
import { jsonbText } from '../../platform/db/json.ts'
import { sql } from '../../platform/db/sql.ts'
import type { NewRule, Rule } from './rules.ts'

const rulesKey = keyOf('tag_protections', 'project_id')
const columns = sql`
  rule.id, rule.name, rule.repositories, rule.tags, rule.actions, rule.is_disabled as "isDisabled",
  coalesce((
    select json_agg(role_id order by role_id) from tag_protection_role where rule_id = rule.id), '[]') as "roleIds",
  coalesce((
    select json_agg(robot_id order by robot_id) from tag_protection_robot where rule_id = rule.id), '[]') as "robotIds"`

/** The enabled rules of a project, from the cache, since every push asks: without a rule it costs no query. */
export async function findRules({ db, cache }: Reader, projectId: number): Promise<readonly Rule[]> {
  const load = async () => ({
    rules: await db.rows<Rule>(
      sql`select ${columns} from tag_protection rule where project_id = ${projectId} and not is_disabled order by id`,
    ),
  })
  const kept = await cache.get(rulesKey(projectId), load, ({ rules }) => 200 + JSON.stringify(rules).length * 2)
  return kept!.rules
}

type Named = { id: number; name: string }
/** A rule with the names of what it names. Robots as `project+name`. */
export type ListedRule = Rule & { roles: Named[]; robots: Named[]; createdAt: Date; updatedAt: Date }

const listed = sql`${columns},
  coalesce((
    select json_agg(json_build_object('id', role.id, 'name', role.name) order by role.id)
    from tag_protection_role one join role on role.id = one.role_id where one.rule_id = rule.id), '[]') as roles,
  coalesce((
    select json_agg(json_build_object('id', robot.id, 'name', coalesce(project.name || '+', '') || robot.name)
      order by robot.id)
    from tag_protection_robot one join robot on robot.id = one.robot_id
    left join project on project.id = robot.project_id where one.rule_id = rule.id), '[]') as robots,
  rule.created_at as "createdAt", rule.updated_at as "updatedAt"`

/** One page of a project's rules. */
export function listRules(
  db: Queryable,
  projectId: number,
  part: Pick<PagePart, 'limit' | 'offset'>,
): Promise<Paged<ListedRule>> {
  const list = { columns: listed, from: sql`from tag_protection rule where rule.project_id = ${projectId}` }
  return db.page<ListedRule>(list, { ...part, order: sql`rule.id` })
}

/** The enabled rules of a project, with the names of what they name. */
export function listEnabled(db: Queryable, projectId: number): Promise<ListedRule[]> {
  return db.rows<ListedRule>(
    sql`select ${listed} from tag_protection rule where project_id = ${projectId} and not is_disabled order by id`,
  )
}

/** Locks and returns a rule; undefined for a rule of another project. */
export async function lockRule(tx: Tx, projectId: number, id: number): Promise<Rule | undefined> {
  await tx.row(sql`select id from tag_protection where id = ${id} and project_id = ${projectId} for update`)
  return tx.row<Rule>(
    sql`select ${columns} from tag_protection rule where rule.id = ${id} and rule.project_id = ${projectId}`,
  )
}

/** Returns the id; 'full' beyond the limit. Throws a unique violation for a name that is taken. */
export async function addRule(tx: Tx, projectId: number, rule: NewRule, limit: number): Promise<number | 'full'> {
  tx.changes(rulesKey(projectId))
  await tx.row(sql`select id from project where id = ${projectId} for no key update`)
  const counted = await tx.row<{ count: number }>(
    sql`select count(*) from tag_protection where project_id = ${projectId}`,
  )
  if (counted!.count >= limit) return 'full'
  const made = await tx.row<{ id: number }>(sql`
    insert into tag_protection (project_id, name, repositories, tags, actions, is_disabled)
    values (${projectId}, ${rule.name}, ${rule.repositories}, ${rule.tags}, ${jsonbText(rule.actions)}::jsonb,
      ${rule.isDisabled}) returning id`)
  await nameThose(tx, made!.id, rule)
  return made!.id
}

export async function saveRule(tx: Tx, projectId: number, { id, ...rule }: Rule): Promise<void> {
  tx.changes(rulesKey(projectId))
  await tx.run(sql`
    update tag_protection set name = ${rule.name}, repositories = ${rule.repositories}, tags = ${rule.tags},
      actions = ${jsonbText(rule.actions)}::jsonb, is_disabled = ${rule.isDisabled}, updated_at = now()
    where id = ${id} and project_id = ${projectId}`)
  await tx.run(sql`delete from tag_protection_role where rule_id = ${id}`)
  await tx.run(sql`delete from tag_protection_robot where rule_id = ${id}`)
  await nameThose(tx, id, rule)
}

async function nameThose(tx: Tx, ruleId: number, { roleIds, robotIds }: NewRule): Promise<void> {
  await tx.run(sql`
    insert into tag_protection_role (rule_id, role_id)
    select ${ruleId}, id from unnest(${roleIds}::bigint[]) as id`)
  await tx.run(sql`
    insert into tag_protection_robot (rule_id, robot_id)
    select ${ruleId}, id from unnest(${robotIds}::bigint[]) as id`)
}

export async function dropRule(tx: Tx, projectId: number, id: number): Promise<boolean> {
  tx.changes(rulesKey(projectId))
  return (await tx.run(sql`delete from tag_protection where id = ${id} and project_id = ${projectId}`)) > 0
}

/** Of these ids those that no role of the project, or robot that may act in it, has. Locks the roles. */
export async function findStrangers(
  tx: Tx,
  projectId: number,
  { roleIds, robotIds }: NewRule,
): Promise<{ roles: number[]; robots: number[] }> {
  const roles = await tx.rows<{ id: number }>(sql`
    select id from role where id = any(${roleIds}::bigint[]) and (project_id is null or project_id = ${projectId})
    for share`)
  const robots = await tx.rows<{ id: number }>(sql`
    select id from robot where id = any(${robotIds}::bigint[]) and (project_id is null or project_id = ${projectId})`)
  const left = (asked: number[], found: { id: number }[]) => asked.filter((id) => !found.some((one) => one.id === id))
  return { roles: left(roleIds, roles), robots: left(robotIds, robots) }
}

/** The names of those who may, for a refusal. */
export async function namesOf(db: Queryable, { roleIds, robotIds }: Rule): Promise<string[]> {
  const rows = await db.rows<{ name: string }>(sql`
    (select name from role where id = any(${roleIds}::bigint[]) order by id)
    union all
    (select 'robot ' || coalesce(project.name || '+', '') || robot.name
      from robot left join project on project.id = robot.project_id
      where robot.id = any(${robotIds}::bigint[]) order by robot.id)`)
  return rows.map(({ name }) => name)
}

export type TagPlace = { id: number; repository: string; tag: string }

/** Tags of a project by id, after a cursor, of repositories whose names match the regular expression. */
export function listTagsAfter(
  db: Queryable,
  projectId: number,
  regex: string,
  after: number,
  limit: number,
): Promise<TagPlace[]> {
  return db.rows<TagPlace>(sql`
    select tag.id, substr(repository.name, length(project.name) + 2) as repository, tag.name::text as tag
    from tag join repository on repository.id = tag.repository_id join project on project.id = repository.project_id
    where project.id = ${projectId} and tag.id > ${after}
      and substr(repository.name, length(project.name) + 2) ~ ${regex}
    order by tag.id limit ${limit}`)
}
