import type { Reader } from '../../catalog/reader.ts'
import type { Paged, Queryable, Tx } from '../../platform/db/db.ts'
import { jsonbText } from '../../platform/db/json.ts'
import type { Fields, Listing } from '../../platform/db/listing.ts'
import { keyOf } from '../../platform/cache/keys.ts'
import { sql } from '../../platform/db/sql.ts'
import { immutableBy, type Immutable, type Rule } from './rules.ts'

/** The most rules of a project: each push evaluates all of them. */
export const rulesLimit = 100

const rulesKey = keyOf('immutable_rules', 'project_id')
const columns = sql`
  id, priority, is_disabled as "isDisabled", tag_selectors as "tagSelectors", scope_selectors as "scopeSelectors"`

/** The compiled rules of a project, from the cache, since every push asks. Undefined when no rule is enabled. */
export async function findImmutable({ db, cache }: Reader, projectId: number): Promise<Immutable | undefined> {
  const load = async () => {
    const rules = await db.rows<Rule>(
      sql`select ${columns} from immutable_rule where project_id = ${projectId} and not is_disabled
        order by priority, id limit ${rulesLimit}`,
    )
    return { immutable: rules.length === 0 ? undefined : immutableBy(rules), patterns: JSON.stringify(rules).length }
  }
  return (await cache.get(rulesKey(projectId), load, ({ patterns }) => 200 + patterns * 100))?.immutable
}

export const ruleFields: Fields = {
  id: { type: 'integer', column: sql`id` },
  priority: { type: 'integer', column: sql`priority` },
  disabled: { type: 'boolean', column: sql`is_disabled` },
}
export const ruleOrder = sql`id`

/** One page of a project's rules. */
export function listRules(db: Queryable, projectId: number, { where, ...part }: Listing): Promise<Paged<Rule>> {
  return db.page({ columns, from: sql`from immutable_rule where project_id = ${projectId} and ${where}` }, part)
}

export type NewRule = Omit<Rule, 'id'>

/** Adds a rule and returns its id; 'full' when the project has reached the limit, 'known' when it has this rule. */
export async function addRule(tx: Tx, projectId: number, rule: NewRule): Promise<number | 'full' | 'known'> {
  tx.changes(rulesKey(projectId))
  // The lock makes two requests at once count one after the other, so that they cannot exceed the limit together.
  await tx.row(sql`select id from project where id = ${projectId} for no key update`)
  const [tags, scope] = [jsonbText(rule.tagSelectors), jsonbText(rule.scopeSelectors)]
  const row = await tx.row<{ count: number; known: boolean }>(sql`
    select count(*),
      coalesce(bool_or(tag_selectors = ${tags}::jsonb and scope_selectors = ${scope}::jsonb), false) as known
    from immutable_rule where project_id = ${projectId}`)
  if (row!.known) return 'known'
  if (row!.count >= rulesLimit) return 'full'
  const made = await tx.row<{ id: number }>(sql`
    insert into immutable_rule (project_id, priority, is_disabled, tag_selectors, scope_selectors)
    values (${projectId}, ${rule.priority}, ${rule.isDisabled}, ${tags}::jsonb, ${scope}::jsonb) returning id`)
  return made!.id
}

/** Locks and returns a rule; undefined when this project has no rule with the id (H17). */
export function lockRule(tx: Tx, projectId: number, id: number): Promise<Rule | undefined> {
  return tx.row<Rule>(
    sql`select ${columns} from immutable_rule where id = ${id} and project_id = ${projectId} for update`,
  )
}

export async function saveRule(tx: Tx, projectId: number, { id, ...rule }: Rule): Promise<void> {
  tx.changes(rulesKey(projectId))
  await tx.run(sql`
    update immutable_rule set
      priority = ${rule.priority},
      is_disabled = ${rule.isDisabled},
      tag_selectors = ${jsonbText(rule.tagSelectors)}::jsonb,
      scope_selectors = ${jsonbText(rule.scopeSelectors)}::jsonb,
      updated_at = now()
    where id = ${id} and project_id = ${projectId}`)
}

export async function dropRule(tx: Tx, projectId: number, id: number): Promise<boolean> {
  tx.changes(rulesKey(projectId))
  return (await tx.run(sql`delete from immutable_rule where id = ${id} and project_id = ${projectId}`)) > 0
}
