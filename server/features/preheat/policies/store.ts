import type { Paged, Queryable, Tx } from '../../../platform/db/db.ts'
import { jsonbText } from '../../../platform/db/json.ts'
import type { Fields, Listing } from '../../../platform/db/listing.ts'
import { sql } from '../../../platform/db/sql.ts'
import type { NewPolicy, Policy } from './policy.ts'

const columns = sql`
  policy.id, policy.project_id as "projectId", policy.instance_id as "instanceId", instance.name as "instanceName",
  policy.name, policy.description, policy.filters, policy.trigger, policy.cron, policy.extra_attrs as "extraAttrs",
  policy.is_enabled as "isEnabled", policy.created_at as "createdAt", policy.updated_at as "updatedAt"`
const from = sql`from preheat_policy policy join preheat_instance instance on instance.id = policy.instance_id`

/** The fields by which policies can be filtered and sorted, by Harbor's names. */
export const policyFields: Fields = {
  id: { type: 'integer', column: sql`policy.id` },
  name: { type: 'text', column: sql`policy.name` },
  description: { type: 'text', column: sql`policy.description` },
  provider_id: { type: 'integer', column: sql`policy.instance_id` },
  trigger: { type: 'text', column: sql`policy.trigger` },
  enabled: { type: 'boolean', column: sql`policy.is_enabled` },
  creation_time: { type: 'time', column: sql`policy.created_at` },
  update_time: { type: 'time', column: sql`policy.updated_at` },
}
/** Harbor's order. */
export const policyOrder = sql`policy.updated_at, policy.id desc`

export function listPolicies(db: Queryable, projectId: number, { where, ...part }: Listing): Promise<Paged<Policy>> {
  return db.page({ columns, from: sql`${from} where policy.project_id = ${projectId} and ${where}` }, part)
}

export function findPolicy(db: Queryable, projectId: number, name: string): Promise<Policy | undefined> {
  return db.row<Policy>(sql`select ${columns} ${from} where policy.project_id = ${projectId} and policy.name = ${name}`)
}

export function findPolicyById(db: Queryable, id: number): Promise<Policy | undefined> {
  return db.row<Policy>(sql`select ${columns} ${from} where policy.id = ${id}`)
}

/** Enabled event-based policies of these projects, at most 1,000. */
export function listEventPolicies(db: Queryable, projectIds: number[]): Promise<Policy[]> {
  return db.rows<Policy>(sql`
    select ${columns} ${from}
    where policy.project_id = any(${projectIds}::bigint[]) and policy.is_enabled and policy.trigger = 'event_based'
    order by policy.id limit 1000`)
}

export async function insertPolicy(tx: Tx, projectId: number, one: NewPolicy): Promise<number> {
  const row = await tx.row<{ id: number }>(sql`
    insert into preheat_policy (
      project_id, instance_id, name, description, filters, trigger, cron, extra_attrs, is_enabled)
    values (
      ${projectId}, ${one.instanceId}, ${one.name}, ${one.description}, ${jsonbText(one.filters)}::jsonb,
      ${one.trigger}, ${one.cron}, ${extraOf(one)}::jsonb, ${one.isEnabled})
    returning id`)
  return row!.id
}

/** False when it is gone. */
export async function replacePolicy(tx: Tx, id: number, one: NewPolicy): Promise<boolean> {
  const changed = await tx.run(sql`
    update preheat_policy set
      instance_id = ${one.instanceId}, name = ${one.name}, description = ${one.description},
      filters = ${jsonbText(one.filters)}::jsonb, trigger = ${one.trigger}, cron = ${one.cron},
      extra_attrs = ${extraOf(one)}::jsonb, is_enabled = ${one.isEnabled}, updated_at = now()
    where id = ${id}`)
  return changed > 0
}

const extraOf = ({ extraAttrs }: NewPolicy) => (extraAttrs === null ? null : jsonbText(extraAttrs))

/** Locks the row until the transaction ends; false when it is gone. */
export async function lockPolicy(tx: Tx, id: number): Promise<boolean> {
  return (await tx.row(sql`select id from preheat_policy where id = ${id} for update`)) !== undefined
}

export async function dropPolicy(tx: Tx, id: number): Promise<void> {
  await tx.run(sql`delete from preheat_policy where id = ${id}`)
}
