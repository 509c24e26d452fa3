import { createHash } from 'node:crypto'
import type { Paged, PagePart, Queryable, Tx } from '../../platform/db/db.ts'
import { jsonbText } from '../../platform/db/json.ts'
import { sql } from '../../platform/db/sql.ts'
import { workloadRightsKey, type StoredScope } from '../access/index.ts'
import type { Condition } from './rules.ts'

/** A trust rule. `projectId` null: of the system. `makerId` null: the account that saved it is deleted. */
export type TrustRule = NewRule & {
  id: number
  projectId: number | null
  version: number
  makerId: number | null
  makerName: string | null
  createdAt: Date
  updatedAt: Date
  lastUsedAt: Date | null
}

export type NewRule = {
  name: string
  description: string
  issuer: string
  jwks: string | null
  audience: string
  claims: Condition[]
  scope: StoredScope
  repositories: string[]
  durationSeconds: number
  isOneUse: boolean
  isDisabled: boolean
}

const columns = sql`
  rule.id, rule.project_id as "projectId", rule.name, rule.description, rule.issuer, rule.jwks, rule.audience,
  rule.claims, rule.scope, rule.repositories, rule.duration_seconds as "durationSeconds",
  rule.is_one_use as "isOneUse", rule.is_disabled as "isDisabled", rule.version, rule.maker_id as "makerId",
  account.name as "makerName", rule.created_at as "createdAt", rule.updated_at as "updatedAt",
  rule.last_used_at as "lastUsedAt"`
const from = sql`from workload_rule rule left join account on account.id = rule.maker_id`

export const ruleOrder = sql`rule.name, rule.id`

/** One page of a project's rules; `projectId` null: of the system's. */
export function listRules(db: Queryable, projectId: number | null, part: PagePart): Promise<Paged<TrustRule>> {
  return db.page({ columns, from: sql`${from} where rule.project_id is not distinct from ${projectId}::bigint` }, part)
}

/** A rule of this project, or of the system; undefined when the id is that of a rule elsewhere. */
export function findRule(db: Queryable, projectId: number | null, id: number): Promise<TrustRule | undefined> {
  return db.row<TrustRule>(
    sql`select ${columns} ${from} where rule.id = ${id} and rule.project_id is not distinct from ${projectId}::bigint`,
  )
}

const batch = 500

/** All rules of an issuer by their ids, in batches; `projectId` undefined: of all projects and the system. */
export async function* rulesOf(db: Queryable, issuer: string, projectId?: number): AsyncGenerator<TrustRule> {
  for (let after = 0; ;) {
    const rows: TrustRule[] = await db.rows<TrustRule>(sql`
      select ${columns} ${from}
      where rule.issuer = ${issuer} and rule.id > ${after}
        and (${projectId ?? null}::bigint is null or rule.project_id = ${projectId ?? null}::bigint)
      order by rule.id limit ${batch}`)
    yield* rows
    if (rows.length < batch) return
    after = rows.at(-1)!.id
  }
}

/** Adds a rule; undefined when the place has `most` rules already. Throws a unique violation for a name in use. */
export async function addRule(
  tx: Tx,
  projectId: number | null,
  makerId: number,
  rule: NewRule,
  most: number,
): Promise<number | undefined> {
  // Of two at once, the second waits here and then counts the first.
  await tx.row(sql`select pg_advisory_xact_lock(hashtext('workload_rule'), ${(projectId ?? 0) % 2 ** 31}::int)`)
  const row = await tx.row<{ id: number }>(sql`
    insert into workload_rule (
      project_id, maker_id, name, description, issuer, jwks, audience, claims, scope, repositories, duration_seconds,
      is_one_use, is_disabled)
    select ${projectId}::bigint, ${makerId}, ${rule.name}, ${rule.description}, ${rule.issuer}, ${rule.jwks},
      ${rule.audience}, ${jsonbText(rule.claims)}::jsonb, ${jsonbText(rule.scope)}::jsonb,
      ${rule.repositories}::text[], ${rule.durationSeconds}::int, ${rule.isOneUse}::boolean,
      ${rule.isDisabled}::boolean
    where (select count(*) from workload_rule where project_id is not distinct from ${projectId}::bigint) < ${most}
    returning id`)
  return row?.id
}

/** Replaces a rule; false when it is gone. Throws a unique violation for a name in use. */
export async function changeRule(tx: Tx, id: number, makerId: number, rule: NewRule): Promise<boolean> {
  tx.changes(workloadRightsKey(id))
  const count = await tx.run(sql`
    update workload_rule set
      maker_id = ${makerId}, name = ${rule.name}, description = ${rule.description}, issuer = ${rule.issuer},
      jwks = ${rule.jwks}, audience = ${rule.audience}, claims = ${jsonbText(rule.claims)}::jsonb,
      scope = ${jsonbText(rule.scope)}::jsonb, repositories = ${rule.repositories}::text[],
      duration_seconds = ${rule.durationSeconds}, is_one_use = ${rule.isOneUse}, is_disabled = ${rule.isDisabled},
      version = version + 1, updated_at = now()
    where id = ${id}`)
  return count > 0
}

export async function dropRule(tx: Tx, id: number): Promise<boolean> {
  tx.changes(workloadRightsKey(id))
  return (await tx.run(sql`delete from workload_rule where id = ${id}`)) > 0
}

/**
 * Notes that a rule has taken a token; false when it had before. Durable before it returns, so that a crash makes no
 * token good again.
 */
export async function takeOnce(db: Queryable, ruleId: number, jti: string, until: Date): Promise<boolean> {
  const digest = createHash('sha256')
    .update(JSON.stringify([ruleId, jti]))
    .digest()
  return (
    (await db.run(sql`
      insert into workload_token_used (digest, expires_at) values (${digest}, ${until}) on conflict do nothing`)) > 0
  )
}

export const sweepUsed = (db: Queryable): Promise<number> =>
  db.run(sql`delete from workload_token_used where expires_at < now()`)

/** Updates rows in the order of their ids, so that two processes cannot deadlock. */
export async function saveRuleUses(db: Queryable, uses: [id: number, at: Date][]): Promise<void> {
  const sorted = uses.toSorted(([a], [b]) => a - b)
  await db.run(sql`
    update workload_rule set last_used_at = greatest(last_used_at, use.at)
    from unnest(${sorted.map(([id]) => id)}::bigint[], ${sorted.map(([, at]) => at)}::timestamptz[]) as use (id, at)
    where workload_rule.id = use.id`)
}
