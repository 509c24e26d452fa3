import type { Topics } from '../../../catalog/topic.ts'
import type { Queryable, Tx } from '../../../platform/db/db.ts'
import { sql, type Sql } from '../../../platform/db/sql.ts'
import type { Told } from '../../../platform/events/reaction.ts'
import type { Entry } from '../rules.ts'
import { accountTypes, maskEntry, maskPayload, type Subject } from './rules.ts'

/** Notes that a name is to be masked. Returns the id under which the job finds it. */
export async function saveMasking(tx: Tx, username: string): Promise<number> {
  const row = await tx.row<{ id: number }>(sql`
    insert into audit_masking (username) values (${username}) returning id`)
  return row!.id
}

/** The name that is to be masked, and when that was asked for; undefined when it is done. */
export function findMasking(db: Queryable, id: number): Promise<{ name: string; askedAt: Date } | undefined> {
  return db.row(sql`select username as name, asked_at as "askedAt" from audit_masking where id = ${id}`)
}

export async function dropMasking(tx: Tx, username: string): Promise<void> {
  await tx.run(sql`delete from audit_masking where username = ${username}`)
}

/**
 * Since when another account has this name, which is free again after a deletion: what is younger is about that one.
 * Undefined when no account has the name.
 */
export async function takenSince(db: Queryable, name: string): Promise<Date | undefined> {
  const row = await db.row<{ at: Date }>(sql`select created_at as at from account where name = ${name}`)
  return row?.at
}

/** Forgets from where the name logged in, and its failures; not while another account has the name. */
export async function forgetSignIns(tx: Tx, name: string): Promise<void> {
  await tx.run(sql`
    delete from sign_in where name = ${name} and not exists (select from account where account.name = ${name})`)
  await tx.run(sql`
    delete from login_failure
    where subject = ${`name:${name}`} and not exists (select from account where account.name = ${name})`)
}

/** Part of a table, read in the order of its keys. `count`: rows that were masked. `last`: undefined at the end. */
type Part<Key> = { last: Key | undefined; count: number }

/** Which rows: `size` of them after a cursor; those that are older than `before` are masked. */
type Page<Key> = { to: Subject; after: Key; size: number; before: Date | undefined }

/** Masks facts in the next `size` rows of `table` after the cursor, so that no reaction writes the name again. */
export async function maskFacts(
  tx: Tx,
  table: 'outbox' | 'event_parked',
  { topics, to, after, size, before }: Page<number> & { topics: Topics },
): Promise<Part<number>> {
  const [from, id] = tables[table]
  const end = await tx.row<{ id: number | null }>(sql`
    select max(id) as id from (select id from ${from} where id > ${after} order by id limit ${size}) part`)
  const last = end?.id ?? undefined
  if (last === undefined) return { last, count: 0 }
  const rows = await tx.rows<Told & { rowId: number }>(sql`
    select id as "rowId", ${id} as id, topic, payload, occurred_at as "occurredAt", address, request_id as "requestId"
    from ${from}
    where id > ${after} and id <= ${last} and occurred_at < ${before ?? 'infinity'}::timestamptz
      and position(${JSON.stringify(to.name)} in payload::text) > 0
    order by id for update`)
  const changed = rows
    .map(({ rowId, ...told }) => ({ rowId, before: told.payload, payload: maskPayload(topics, told, to) }))
    .filter((one) => JSON.stringify(one.before) !== JSON.stringify(one.payload))
  await tx.run(sql`
    update ${from} set payload = masked.payload::jsonb
    from unnest(${changed.map(({ rowId }) => rowId)}::bigint[],
      ${changed.map(({ payload }) => JSON.stringify(payload))}::text[]) as masked (id, payload)
    where ${from}.id = masked.id`)
  return { last, count: changed.length }
}

/** Both hold facts; in the second each has the id of its fact beside its own. */
const tables: Record<'outbox' | 'event_parked', [table: Sql, factId: Sql]> = {
  outbox: [sql`outbox`, sql`id`],
  event_parked: [sql`event_parked`, sql`fact_id`],
}

/** The key of an entry, in the order of the log; `at` as PostgreSQL writes it, exact to the microsecond. */
type EntryKey = { at: string; id: number }

type Row = Pick<Entry, 'id' | 'resourceType' | 'resource' | 'description' | 'details'> & {
  at: string
  actorKind: Entry['by']['kind']
  actorId: number | null
  username: string
}

/** Masks the entries among the next `size` ones after the cursor that are by the account or about it. */
export async function maskEntries(tx: Tx, { to, after, size, before }: Page<EntryKey>): Promise<Part<EntryKey>> {
  const last = await tx.row<EntryKey>(sql`
    select occurred_at::text as at, id from (
      select occurred_at, id from audit_log
      where (occurred_at, id) > (${after.at}::timestamptz, ${after.id}::bigint)
      order by occurred_at, id limit ${size}) part
    order by occurred_at desc, id desc limit 1`)
  if (!last) return { last, count: 0 }
  const rows = await tx.rows<Row>(sql`
    select occurred_at::text as at, id, actor_kind as "actorKind", actor_id as "actorId", username,
      resource_type as "resourceType", resource, description, details
    from audit_log
    where (occurred_at, id) > (${after.at}::timestamptz, ${after.id}::bigint)
      and (occurred_at, id) <= (${last.at}::timestamptz, ${last.id}::bigint)
      and occurred_at < ${before ?? 'infinity'}::timestamptz
      and ((actor_kind = 'user' and username = ${to.name})
        or (resource_type = any(${accountTypes}::text[]) and resource = ${to.name}))
    order by occurred_at, id for update`)
  await saveMasked(tx, rows, to)
  return { last, count: rows.length }
}

async function saveMasked(tx: Tx, rows: Row[], to: Subject): Promise<void> {
  if (rows.length === 0) return
  const masked = rows.map(({ actorKind, actorId, username, ...row }) => ({
    ...row,
    ...maskEntry({ ...row, by: { kind: actorKind, id: actorId, name: username } }, to),
  }))
  const column = (of: (row: (typeof masked)[number]) => unknown) => masked.map(of)
  // The bounds keep the search within the months of the page.
  await tx.run(sql`
    update audit_log set username = masked.username, resource = masked.resource,
      description = masked.description, details = masked.details
    from unnest(
      ${column(({ at }) => at)}::timestamptz[],
      ${column(({ id }) => id)}::bigint[],
      ${column(({ by }) => by.name)}::text[],
      ${column(({ resource }) => resource)}::text[],
      ${column(({ description }) => description)}::text[],
      ${column(({ details }) => (details ? JSON.stringify(details) : null))}::jsonb[]
    ) as masked (occurred_at, id, username, resource, description, details)
    where audit_log.occurred_at = masked.occurred_at and audit_log.id = masked.id
      and audit_log.occurred_at between ${rows[0]!.at}::timestamptz and ${rows.at(-1)!.at}::timestamptz`)
}
