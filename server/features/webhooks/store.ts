import type { Reader } from '../../catalog/reader.ts'
import type { Selector } from '../../catalog/selector.ts'
import type { Paged, Queryable, Tx } from '../../platform/db/db.ts'
import type { Fields, Listing } from '../../platform/db/listing.ts'
import { keyOf } from '../../platform/cache/keys.ts'
import { sql } from '../../platform/db/sql.ts'
import type { EventType } from './events.ts'
import {
  selectorOf,
  type NewPolicy,
  type NewTarget,
  type Policy,
  type Replaced,
  type Sealed,
  type Target,
} from './rules.ts'

/** The most policies of a project, and of the system: each event is matched against all of them. */
export const policiesLimit = 100

/** Encrypts secrets for the database; a text can only be decrypted for the same `purpose`. */
export type Seal = { seal(plain: string, purpose: string): string; unseal(sealed: string, purpose: string): string }

const columns = sql`
  id, project_id as "projectId", name, description, is_enabled as "isEnabled", event_types as "eventTypes",
  repositories, tags, creator, created_at as "createdAt", updated_at as "updatedAt"`
const purposeOf = (policyId: number) => `webhook policy ${policyId}`

export const policyFields: Fields = {
  id: { type: 'integer', column: sql`id` },
  name: { type: 'text', column: sql`name` },
  description: { type: 'text', column: sql`description` },
  enabled: { type: 'boolean', column: sql`is_enabled` },
  creator: { type: 'text', column: sql`creator` },
  creation_time: { type: 'time', column: sql`created_at` },
  update_time: { type: 'time', column: sql`updated_at` },
}
export const policyOrder = sql`created_at desc, id desc`

/** One page of a project's policies; `projectId` null: of the system's. */
export function listPolicies(
  db: Queryable,
  projectId: number | null,
  { where, ...part }: Listing,
): Promise<Paged<Policy>> {
  const from = sql`from webhook_policy where project_id is not distinct from ${projectId}::bigint and ${where}`
  return db.page({ columns, from }, part)
}

/** A policy of this project or of the system; one of another project is not found (H13). */
export function findPolicy(db: Queryable, projectId: number | null, id: number): Promise<Policy | undefined> {
  return db.row<Policy>(sql`
    select ${columns} from webhook_policy
    where id = ${id} and project_id is not distinct from ${projectId}::bigint`)
}

export function lockPolicy(tx: Tx, projectId: number | null, id: number): Promise<Policy | undefined> {
  return tx.row<Policy>(sql`
    select ${columns} from webhook_policy
    where id = ${id} and project_id is not distinct from ${projectId}::bigint
    for update`)
}

type TargetRow = {
  id: number
  policyId: number
  type: string
  format: string
  verifiesTls: boolean
  template: string | null
  sealed: string
  restsUntil: Date | null
  pausedAt: Date | null
  pausedBy: 'marina' | 'user'
  pausedWhy: string
}

/** A policy of any project or of the system. */
export function findAnyPolicy(db: Queryable, id: number): Promise<Policy | undefined> {
  return db.row<Policy>(sql`select ${columns} from webhook_policy where id = ${id}`)
}

/** Targets by policy, in the order of their positions. */
export async function listTargets(db: Queryable, secrets: Seal, policyIds: number[]): Promise<Map<number, Target[]>> {
  const rows = await db.rows<TargetRow>(sql`
    select id, policy_id as "policyId", type, payload_format as format, verifies_tls as "verifiesTls", template, sealed,
      rests_until as "restsUntil", paused_at as "pausedAt", paused_by as "pausedBy", paused_why as "pausedWhy"
    from webhook_target
    where policy_id = any(${policyIds}::bigint[])
    order by policy_id, position limit 10000`)
  const byPolicy = new Map(policyIds.map((id): [number, Target[]] => [id, []]))
  for (const { policyId, sealed, pausedAt, pausedBy, pausedWhy, ...row } of rows) {
    const paused = pausedAt ? { by: pausedBy, since: pausedAt, why: pausedWhy } : undefined
    byPolicy.get(policyId)!.push({ ...row, ...unsealTarget(secrets, policyId, sealed), paused })
  }
  return byPolicy
}

export function unsealTarget(secrets: Seal, policyId: number, sealed: string): Sealed {
  const { before, ...rest } = JSON.parse(secrets.unseal(sealed, purposeOf(policyId))) as Omit<Sealed, 'before'> & {
    before?: Replaced | Replaced[]
  }
  // Older rows hold a single replaced secret instead of a list.
  return { ...rest, before: [before ?? []].flat() }
}

function sealTarget(secrets: Seal, policyId: number, { address, authHeader, headers, secret, before }: Sealed): string {
  return secrets.seal(
    JSON.stringify({
      address,
      authHeader,
      headers,
      secret,
      before: before.length > 0 ? before : undefined,
    } satisfies Record<keyof Sealed, unknown>),
    purposeOf(policyId),
  )
}

/** Inserts a policy. `full`: the limit is reached. Throws a unique violation when the name is taken. */
export async function addPolicy(
  tx: Tx,
  projectId: number | null,
  policy: NewPolicy,
  creator: string,
): Promise<number | 'full'> {
  tx.changes(policiesKey(projectId))
  // The lock makes two creations at once count one after the other.
  await tx.rows(sql`select pg_advisory_xact_lock(hashtextextended('webhook policies', ${projectId ?? 0}))`)
  const row = await tx.row<{ count: number }>(
    sql`select count(*) from webhook_policy where project_id is not distinct from ${projectId}::bigint`,
  )
  if (row!.count >= policiesLimit) return 'full'
  const { name, description, isEnabled, eventTypes, repositories, tags } = policy
  const made = await tx.row<{ id: number }>(sql`
    insert into webhook_policy (project_id, name, description, is_enabled, event_types, repositories, tags, creator)
    values (
      ${projectId}, ${name}, ${description}, ${isEnabled}, ${eventTypes}::text[], ${repositories}, ${tags}, ${creator})
    returning id`)
  return made!.id
}

export async function savePolicy(
  tx: Tx,
  { id, projectId, name, description, isEnabled, eventTypes, repositories, tags }: Policy,
): Promise<void> {
  tx.changes(policiesKey(projectId))
  await tx.run(sql`
    update webhook_policy set
      name = ${name}, description = ${description}, is_enabled = ${isEnabled}, event_types = ${eventTypes}::text[],
      repositories = ${repositories}, tags = ${tags}, updated_at = now()
    where id = ${id}`)
}

export async function dropPolicy(tx: Tx, projectId: number | null, id: number): Promise<boolean> {
  tx.changes(policiesKey(projectId))
  const count = await tx.run(sql`
    delete from webhook_policy where id = ${id} and project_id is not distinct from ${projectId}::bigint`)
  return count > 0
}

export async function addTarget(
  tx: Tx,
  secrets: Seal,
  policyId: number,
  position: number,
  target: NewTarget,
): Promise<void> {
  const { type, format, verifiesTls, template } = target
  const sealed = sealTarget(secrets, policyId, target)
  await tx.run(sql`
    insert into webhook_target (policy_id, position, type, payload_format, verifies_tls, template, sealed)
    values (${policyId}, ${position}, ${type}, ${format}, ${verifiesTls}, ${template}, ${sealed})`)
}

/**
 * Updates a target. With a new address its failures, its rest and a pause by Marina end; a pause by an account stays.
 */
export async function saveTarget(
  tx: Tx,
  secrets: Seal,
  policyId: number,
  position: number,
  was: Target,
  target: NewTarget,
): Promise<void> {
  const { type, format, verifiesTls, template } = target
  const isMoved = was.address !== target.address
  await tx.run(sql`
    update webhook_target set
      position = ${position}, type = ${type}, payload_format = ${format}, verifies_tls = ${verifiesTls},
      template = ${template}, sealed = ${sealTarget(secrets, policyId, target)},
      failed_rounds = case when ${isMoved} then 0 else failed_rounds end,
      rests_until = case when ${isMoved} then null else rests_until end
    where id = ${was.id}`)
  if (isMoved)
    await tx.run(sql`
      update webhook_target set paused_at = null, paused_by = null, paused_why = ''
      where id = ${was.id} and paused_by = 'marina'`)
}

/** Locks targets before they change, in the order in which rounds lock them, so that the two cannot deadlock. */
export async function lockTargets(tx: Tx, policyId: number): Promise<void> {
  await tx.run(sql`select id from webhook_target where policy_id = ${policyId} order by id for update`)
}

/** Deletes targets and stops their pending deliveries; the rest of their history stays. */
export async function dropTargets(tx: Tx, ids: number[]): Promise<void> {
  await tx.run(sql`
    update webhook_delivery set
      status = 'Stopped', target_id = null, status_message = 'the policy no longer has this target',
      ended_at = clock_timestamp()
    where target_id = any(${ids}::bigint[]) and status = 'Pending'`)
  await tx.run(sql`delete from webhook_target where id = any(${ids}::bigint[])`)
}

/** Returns false when the policy has no such target. */
export async function pauseTarget(
  tx: Tx,
  policyId: number,
  targetId: number,
  isPaused: boolean,
  why: string,
): Promise<boolean> {
  const change = isPaused
    ? sql`paused_at = clock_timestamp(), paused_by = 'user', paused_why = ${why}`
    : sql`paused_at = null, paused_by = null, paused_why = '', rests_until = null, failed_rounds = 0`
  const count = await tx.run(sql`
    update webhook_target set ${change} where id = ${targetId} and policy_id = ${policyId}`)
  return count > 0
}

/** The part of a policy that events are matched with; it holds no secret. */
export type Wanted = {
  policyId: number
  eventTypes: EventType[]
  selector: Selector
  targets: { id: number; type: string; format: string; template: string | null }[]
}

const keyOfPolicies = keyOf('webhook_policies', 'project')
const policiesKey = (projectId: number | null) => keyOfPolicies(projectId ?? 'system')

/**
 * Enabled policies of a project or of the system. Read for each event, hence from the cache, with compiled patterns.
 */
export async function findWanted({ db, cache }: Reader, projectId: number | null): Promise<Wanted[]> {
  const load = async () => {
    const rows = await db.rows<Omit<Wanted, 'selector'> & { repositories: string; tags: string }>(sql`
      select id as "policyId", event_types as "eventTypes", repositories, tags, (
        select coalesce(jsonb_agg(jsonb_build_object(
          'id', target.id, 'type', type, 'format', payload_format, 'template', template) order by position), '[]')
        from webhook_target target where policy_id = webhook_policy.id) as targets
      from webhook_policy
      where project_id is not distinct from ${projectId}::bigint and is_enabled
      order by id limit ${policiesLimit}`)
    const wanted = rows.map(({ repositories, tags, ...row }) => {
      return { ...row, selector: selectorOf({ repositories, tags }) }
    })
    return { size: JSON.stringify(rows).length, wanted }
  }
  return (await cache.get(policiesKey(projectId), load, ({ size }) => 200 + size * 5))?.wanted ?? []
}

export type LastTrigger = { name: string; eventType: string; isEnabled: boolean; createdAt: Date; lastAt: Date | null }

/** When each policy last had an event of each of its types. */
export function listLastTriggers(db: Queryable, projectId: number | null): Promise<LastTrigger[]> {
  return db.rows(sql`
    select policy.name, event_type as "eventType", is_enabled as "isEnabled", created_at as "createdAt", (
      select created_at from webhook_delivery delivery
      where delivery.policy_id = policy.id and delivery.event_type = type.event_type
      order by id desc limit 1) as "lastAt"
    from webhook_policy policy, unnest(policy.event_types) with ordinality as type (event_type, place)
    where project_id is not distinct from ${projectId}::bigint order by policy.id, place limit 10000`)
}
