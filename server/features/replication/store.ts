import type { Paged, Queryable, Tx } from '../../platform/db/db.ts'
import type { Fields, Listing } from '../../platform/db/listing.ts'
import { jsonbText } from '../../platform/db/json.ts'
import { sql } from '../../platform/db/sql.ts'
import type { NewPolicy, Policy } from './policy.ts'

const columns = sql`
  policy.id, policy.name, policy.description, policy.creator, policy.direction, policy.endpoint_id as "endpointId",
  policy.filters, policy.trigger, policy.cron, policy.overrides, policy.deletes, policy.is_enabled as "isEnabled",
  policy.speed, policy.copies_by_chunk as "copiesByChunk", policy.is_single as "isSingle",
  json_build_object(
    'namespace', policy.dest_namespace, 'replaceCount', policy.replace_count,
    'template', policy.name_template, 'pattern', policy.name_pattern) as naming,
  policy.platforms, policy.rewrites_index as "rewritesIndex",
  policy.created_at as "createdAt", policy.updated_at as "updatedAt"`

/** The fields by which policies can be filtered and sorted, by Harbor's names. */
export const policyFields: Fields = {
  id: { type: 'integer', column: sql`policy.id` },
  name: { type: 'text', column: sql`policy.name` },
  description: { type: 'text', column: sql`policy.description` },
  enabled: { type: 'boolean', column: sql`policy.is_enabled` },
  override: { type: 'boolean', column: sql`policy.overrides` },
  replicate_deletion: { type: 'boolean', column: sql`policy.deletes` },
  trigger: { type: 'text', column: sql`policy.trigger` },
  src_registry_id: {
    type: 'integer',
    column: sql`(case when policy.direction = 'pull' then policy.endpoint_id else 0 end)`,
  },
  dest_registry_id: {
    type: 'integer',
    column: sql`(case when policy.direction = 'push' then policy.endpoint_id else 0 end)`,
  },
  creation_time: { type: 'time', column: sql`policy.created_at` },
  update_time: { type: 'time', column: sql`policy.updated_at` },
}
export const policyOrder = sql`policy.id desc`

export function listPolicies(db: Queryable, { where, ...part }: Listing): Promise<Paged<Policy>> {
  return db.page({ columns, from: sql`from replication_policy policy where ${where}` }, part)
}

export function findPolicy(db: Queryable, id: number): Promise<Policy | undefined> {
  return db.row<Policy>(sql`select ${columns} from replication_policy policy where id = ${id}`)
}

/** The policies that want to hear of events in Marina; at most 1,000. */
export function listEventPolicies(db: Queryable): Promise<Policy[]> {
  return db.rows<Policy>(sql`
    select ${columns} from replication_policy policy
    where is_enabled and trigger = 'event_based' and direction = 'push' order by id limit 1000`)
}

/** The names of policies that use an endpoint, at most ten. */
export function listUsers(db: Queryable, endpointId: number): Promise<{ name: string }[]> {
  return db.rows(sql`select name from replication_policy where endpoint_id = ${endpointId} order by name limit 10`)
}

/** Throws a unique violation when the name is taken, a reference violation when the endpoint has gone. */
export async function insertPolicy(tx: Tx, creator: string, policy: NewPolicy): Promise<number> {
  const { naming } = policy
  const row = await tx.row<{ id: number }>(sql`
    insert into replication_policy (
      name, description, creator, direction, endpoint_id, filters, trigger, cron, overrides, deletes, is_enabled, speed,
      copies_by_chunk, is_single, dest_namespace, replace_count, name_template, name_pattern, platforms, rewrites_index)
    values (
      ${policy.name}, ${policy.description}, ${creator}, ${policy.direction}, ${policy.endpointId},
      ${jsonbText(policy.filters)}::jsonb, ${policy.trigger}, ${policy.cron}, ${policy.overrides}, ${policy.deletes},
      ${policy.isEnabled}, ${policy.speed}, ${policy.copiesByChunk}, ${policy.isSingle}, ${naming.namespace},
      ${naming.replaceCount}, ${naming.template}, ${naming.pattern}, ${policy.platforms}::text[],
      ${policy.rewritesIndex})
    returning id`)
  return row!.id
}

/** False when there is no such policy. */
export async function updatePolicyRow(tx: Tx, id: number, policy: NewPolicy): Promise<boolean> {
  const { naming } = policy
  const count = await tx.run(sql`
    update replication_policy set
      name = ${policy.name}, description = ${policy.description}, direction = ${policy.direction},
      endpoint_id = ${policy.endpointId}, filters = ${jsonbText(policy.filters)}::jsonb, trigger = ${policy.trigger},
      cron = ${policy.cron}, overrides = ${policy.overrides}, deletes = ${policy.deletes},
      is_enabled = ${policy.isEnabled}, speed = ${policy.speed}, copies_by_chunk = ${policy.copiesByChunk},
      is_single = ${policy.isSingle}, dest_namespace = ${naming.namespace}, replace_count = ${naming.replaceCount},
      name_template = ${naming.template}, name_pattern = ${naming.pattern}, platforms = ${policy.platforms}::text[],
      rewrites_index = ${policy.rewritesIndex}, updated_at = now()
    where id = ${id}`)
  return count > 0
}

/** Deletes a policy with its executions, tasks and logs. False when there is no such policy. */
export async function dropPolicy(tx: Tx, id: number): Promise<boolean> {
  await tx.run(sql`delete from execution where vendor_type = 'REPLICATION' and vendor_id = ${id}`)
  return (await tx.run(sql`delete from replication_policy where id = ${id}`)) > 0
}
