import type { Db, Queryable } from '../../platform/db/db.ts'
import { markOf, type Counted, type Edge, type Key, type Keyset } from '../../platform/db/keyset.ts'
import type { Field, Fields } from '../../platform/db/listing.ts'
import { oneOff, sql, type Sql } from '../../platform/db/sql.ts'
import type { Entry } from './rules.ts'

/** Which entries: all; those of all projects, without the system's own; or those of these projects. */
export type Scope = 'all' | 'projects' | { projectIds: readonly number[] }

// The only field to sort by: its index finds a page without sorting millions of rows.
const time: Field = { type: 'time', column: sql`audit_log.occurred_at` }

export const auditFields: Fields = {
  id: { type: 'integer', column: sql`audit_log.id`, isSortable: false },
  username: { type: 'text', column: sql`audit_log.username`, isSortable: false },
  resource: { type: 'text', column: sql`audit_log.resource`, isSortable: false },
  resource_type: { type: 'text', column: sql`audit_log.resource_type`, isSortable: false },
  operation: { type: 'text', column: sql`audit_log.operation`, isSortable: false },
  project_id: { type: 'integer', column: sql`audit_log.project_id`, isSortable: false },
  op_time: time,
  /** Clients that sort every list by creation_time get the log sorted by its time. */
  creation_time: time,
}
export const auditExtFields: Fields = {
  ...auditFields,
  operation_description: { type: 'text', column: sql`audit_log.description`, isSortable: false },
  operation_result: { type: 'boolean', column: sql`audit_log.is_success`, isSortable: false },
  client_address: { type: 'text', column: sql`audit_log.address`, isSortable: false },
  request_id: { type: 'text', column: sql`audit_log.request_id`, isSortable: false },
  event_id: { type: 'text', column: sql`audit_log.event_id::text`, isSortable: false },
}
/** The order of the log and of its two indexes. */
export const auditKey: Key = { at: sql`audit_log.occurred_at`, id: sql`audit_log.id` }

/** Counting stops at this many entries. */
const countedAtMost = 1_000_000

type Row = Omit<Entry, 'by'> & Edge & { actorKind: Entry['by']['kind']; actorId: number | null; username: string }

/** Reads the entries of a page, and one more when there is a next page. */
export async function listEntries(db: Queryable, scope: Scope, only: Sql, asked: Keyset): Promise<(Entry & Edge)[]> {
  const rows = await db.rows<Row>(pageStatement(scope, only, asked))
  return rows.map(({ actorKind, actorId, username, ...rest }) => ({
    ...rest,
    by: { kind: actorKind, id: actorId, name: username },
  }))
}

/**
 * The statement of a page: the index finds the page's keys, and only these rows are read whole. `limit 1` makes
 * PostgreSQL read them one by one: a plan is made without knowing how few rows a page has, and would else join the keys
 * with the whole log.
 */
export function pageStatement(scope: Scope, only: Sql, { where, order, limit, offset }: Keyset): Sql {
  return oneOff(sql`
    select entry.* from (
      select occurred_at, id from audit_log where ${inScope(scope)} and ${only} and ${where}
      order by ${order} limit ${limit} offset ${offset}) audit_log
    cross join lateral (
      select id, occurred_at as "occurredAt", (extract(epoch from occurred_at) * 1000000)::bigint as micros,
        actor_kind as "actorKind", actor_id as "actorId", username, project_id as "projectId",
        resource_type as "resourceType", resource, operation, description, is_success as "isSuccess",
        address, request_id as "requestId", event_id as "eventId", details
      from audit_log stored
      where (stored.occurred_at, stored.id) = (audit_log.occurred_at, audit_log.id) limit 1) entry
    order by ${order}`)
}

const countStatement = (scope: Scope, only: Sql, { matching }: Keyset) =>
  oneOff(sql`
    select count(*) from (
      select from audit_log where ${inScope(scope)} and ${only} and ${matching} limit ${countedAtMost}) counted`)

/**
 * Counts the entries of the list. A cursor carries the count from one page to the next, with a mark of the statement
 * and its values: with other filters or other rights the mark differs, and the entries are counted again.
 */
export async function countEntries(db: Queryable, scope: Scope, only: Sql, asked: Keyset): Promise<Counted> {
  const statement = countStatement(scope, only, asked)
  const mark = markOf(JSON.stringify([statement.text, statement.values]))
  if (asked.counted?.mark === mark) return asked.counted
  const { count } = (await db.row<{ count: number }>(statement))!
  return { total: count, mark }
}

function inScope(scope: Scope): Sql {
  if (scope === 'all') return sql`true`
  if (scope === 'projects') return sql`audit_log.project_id is not null`
  const [id, ...more] = scope.projectIds
  // Equality lets PostgreSQL read one project's entries from an index in the list's order; those of several are sorted.
  return more.length === 0 && id !== undefined
    ? sql`audit_log.project_id = ${id}`
    : sql`audit_log.project_id = any(${scope.projectIds}::bigint[])`
}

/** Adds entries; entries that exist already are left as they are, so that a retry is idempotent. */
export async function saveEntries(tx: Queryable, entries: Entry[]): Promise<void> {
  const column = (of: (entry: Entry) => unknown) => entries.map(of)
  await tx.run(sql`
    insert into audit_log (id, occurred_at, actor_kind, actor_id, username, project_id, resource_type, resource,
      operation, description, is_success, address, request_id, event_id, details)
    select * from unnest(
      ${column(({ id }) => id)}::bigint[],
      ${column(({ occurredAt }) => occurredAt)}::timestamptz[],
      ${column(({ by }) => by.kind)}::text[],
      ${column(({ by }) => by.id)}::bigint[],
      ${column(({ by }) => by.name)}::text[],
      ${column(({ projectId }) => projectId)}::bigint[],
      ${column(({ resourceType }) => resourceType)}::text[],
      ${column(({ resource }) => resource)}::text[],
      ${column(({ operation }) => operation)}::text[],
      ${column(({ description }) => description)}::text[],
      ${column(({ isSuccess }) => isSuccess)}::boolean[],
      ${column(({ address }) => address)}::text[],
      ${column(({ requestId }) => requestId)}::text[],
      ${column(({ eventId }) => eventId)}::uuid[],
      ${column(({ details }) => (details ? JSON.stringify(details) : null))}::jsonb[])
    on conflict do nothing`)
}

/** Makes the tables of this month and the next, so that no transaction waits for a new table at midnight. */
export async function makeMonthsAhead(db: Db): Promise<void> {
  await makeMonths(db, [new Date(), new Date(Date.now() + 31 * 86_400_000)])
}

/** Makes the tables of these months where they are missing. */
export async function makeMonths(db: Queryable, moments: readonly Date[]): Promise<void> {
  await db.rows(sql`select make_audit_month(moment) from unnest(${moments}::timestamptz[]) as moment`)
}

export const everything = sql`true`
/** The entries that Harbor's older form of the log has. */
export const ofOldForm = sql`
  audit_log.resource_type in ('artifact', 'tag', 'repository', 'project', 'robot') and audit_log.is_success`
