import type { Queryable } from '../../platform/db/db.ts'
import type { Fields, Listing } from '../../platform/db/listing.ts'
import { oneOff, sql, type Sql } from '../../platform/db/sql.ts'
import type { Entry } from './rules.ts'

/** Whose rows: all, those of some projects, or those of all projects without the system's own. */
export type Scope = 'all' | 'projects' | { projectIds: readonly number[] }

export const auditFields: Fields = {
  id: { type: 'integer', column: sql`audit_log.id`, isSortable: false },
  username: { type: 'text', column: sql`audit_log.username`, isSortable: false },
  resource: { type: 'text', column: sql`audit_log.resource`, isSortable: false },
  resource_type: { type: 'text', column: sql`audit_log.resource_type`, isSortable: false },
  operation: { type: 'text', column: sql`audit_log.operation`, isSortable: false },
  project_id: { type: 'integer', column: sql`audit_log.project_id`, isSortable: false },
  // Only by time is a page found without sorting millions of rows.
  op_time: { type: 'time', column: sql`audit_log.occurred_at` },
}
export const auditExtFields: Fields = {
  ...auditFields,
  operation_description: { type: 'text', column: sql`audit_log.description`, isSortable: false },
  operation_result: { type: 'boolean', column: sql`audit_log.is_success`, isSortable: false },
  client_address: { type: 'text', column: sql`audit_log.address`, isSortable: false },
  request_id: { type: 'text', column: sql`audit_log.request_id`, isSortable: false },
}
export const auditOrder = sql`audit_log.occurred_at desc, audit_log.id desc`

/** Pages end at a million entries, and so does the count. */
const countedAtMost = 1_000_000

export async function listEntries(db: Queryable, scope: Scope, only: Sql, { where, order, limit, offset }: Listing): Promise<{ entries: Entry[]; total: number }> {
  const all = sql`${inScope(scope)} and ${only} and ${where}`
  const [entries, total] = await Promise.all([
    // The page is found in the index, and only its rows are read whole.
    db.rows<Entry & { actorKind: Entry['by']['kind']; actorId: number | null; username: string }>(oneOff(sql`
      select audit_log.id, audit_log.occurred_at as "occurredAt", actor_kind as "actorKind", actor_id as "actorId", username, project_id as "projectId", resource_type as "resourceType",
        resource, operation, description, is_success as "isSuccess", address, request_id as "requestId", details
      from (select occurred_at, id from audit_log where ${all} order by ${order} limit ${limit} offset ${offset}) page join audit_log using (occurred_at, id) order by ${order}`)),
    db.row<{ count: number }>(oneOff(sql`select count(*) from (select from audit_log where ${all} limit ${countedAtMost}) counted`)),
  ])
  return { entries: entries.map(({ actorKind, actorId, username, ...rest }) => ({ ...rest, by: { kind: actorKind, id: actorId, name: username } })), total: total!.count }
}

function inScope(scope: Scope): Sql {
  if (scope === 'all') return sql`true`
  return scope === 'projects' ? sql`audit_log.project_id is not null` : sql`audit_log.project_id = any(${scope.projectIds}::bigint[])`
}

/** Adds entries; those that are there already stay as they are. */
export async function saveEntries(tx: Queryable, entries: Entry[]): Promise<void> {
  const column = (of: (entry: Entry) => unknown) => entries.map(of)
  await tx.run(sql`
    insert into audit_log (id, occurred_at, actor_kind, actor_id, username, project_id, resource_type, resource, operation, description, is_success, address, request_id, details)
    select * from unnest(${column(({ id }) => id)}::bigint[], ${column(({ occurredAt }) => occurredAt)}::timestamptz[], ${column(({ by }) => by.kind)}::text[], ${column(({ by }) => by.id)}::bigint[],
      ${column(({ by }) => by.name)}::text[], ${column(({ projectId }) => projectId)}::bigint[], ${column(({ resourceType }) => resourceType)}::text[], ${column(({ resource }) => resource)}::text[],
      ${column(({ operation }) => operation)}::text[], ${column(({ description }) => description)}::text[], ${column(({ isSuccess }) => isSuccess)}::boolean[], ${column(({ address }) => address)}::text[],
      ${column(({ requestId }) => requestId)}::text[], ${column(({ details }) => (details ? JSON.stringify(details) : null))}::jsonb[])
    on conflict do nothing`)
}

/** Sees to the tables of these months. */
export async function makeMonths(db: Queryable, moments: readonly Date[]): Promise<void> {
  await db.rows(sql`select make_audit_month(moment) from unnest(${moments}::timestamptz[]) as moment`)
}

export const everything = sql`true`
/** What the log held in its older form. */
export const ofOldForm = sql`audit_log.resource_type in ('artifact', 'tag', 'repository', 'project', 'robot') and audit_log.is_success`
