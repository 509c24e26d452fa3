import type { Db, Queryable, Tx } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { Reaction, Told } from './reaction.ts'

/**
 * A handler's cursor in the outbox: it has taken all facts visible in the snapshot `seen`. With `until`, it is in the
 * middle of a window: it has also taken those visible in `until` up to `lastId`. `waitMs`: how long it waits before it
 * retries.
 */
export type Place = {
  seen: string
  until: string | null
  lastId: number
  failingId: number | null
  failures: number
  waitMs: number
}

/** The snapshot that sees no transaction: 3 is the first number that PostgreSQL gives. */
const nothing = '3:3:'

/** Saves a first place for handlers that are new to this database. */
export async function settle(db: Queryable, reactions: readonly Reaction[]): Promise<void> {
  const first = reactions.filter(({ begins }) => begins === 'first').map(({ name }) => name)
  await db.run(sql`
    insert into event_place (handler, seen)
    select name, case when name = any(${first}::text[]) then ${nothing}::pg_snapshot else pg_current_snapshot() end
    from unnest(${reactions.map(({ name }) => name)}::text[]) as name
    on conflict do nothing`)
}

/**
 * Repairs the places in a database that was restored from a dump: it counts its transactions anew, so that facts and
 * places with the old numbers would lie in the future. All facts get the oldest number; a handler that had facts left
 * begins with the oldest of those. Returns how many handlers there are, or 0 when nothing was wrong.
 */
export async function recount(db: Db): Promise<number> {
  return db.transaction(async (tx) => {
    const places = await tx.rows<{ handler: string; firstLeft: number | null }>(sql`
      select handler, (
        select min(id) from outbox
        where not pg_visible_in_snapshot(xid, seen)
          and (until is null or not pg_visible_in_snapshot(xid, until) or id > last_id)) as "firstLeft"
      from event_place
      where exists (
        select from event_place other
        where pg_snapshot_xmax(other.seen) > pg_snapshot_xmax(pg_current_snapshot()))
      limit 1000 for update`)
    if (places.length === 0) return 0
    await tx.run(sql`update outbox set xid = '3'`)
    for (const { handler, firstLeft } of places) {
      await tx.run(sql`
        update event_place
        set seen = case when ${firstLeft}::bigint is null then pg_current_snapshot() else ${nothing}::pg_snapshot end,
          until = case when ${firstLeft}::bigint is null then null else pg_current_snapshot() end,
          last_id = coalesce(${firstLeft}::bigint - 1, 0)
        where handler = ${handler}`)
    }
    return places.length
  })
}

/**
 * The current snapshot, and the handlers that have not taken all facts visible in it. Must not be called in a
 * transaction that writes: a snapshot taken inside one may count the writer's own facts, which are not there yet, as
 * seen.
 */
export async function lookAround(
  db: Queryable,
  handlers: readonly string[],
): Promise<{ now: string; behind: string[] }> {
  const row = await db.row<{ now: string; behind: string[] }>(sql`
    with at as materialized (select pg_current_snapshot() as now)
    select at.now::text, array(
      select handler from event_place
      where handler = any(${handlers}::text[]) and coalesce(retry_at <= clock_timestamp(), true)
        and (until is not null or exists (
          select from outbox
          where xid >= pg_snapshot_xmin(seen)
            and not pg_visible_in_snapshot(xid, seen) and pg_visible_in_snapshot(xid, at.now)))
      order by handler) as behind
    from at`)
  return row!
}

/**
 * Locks a handler's place for this transaction, so that one process at a time has it (S4-17); undefined while another
 * has it.
 */
export async function takePlace(tx: Tx, handler: string): Promise<Place | undefined> {
  // The handler's writes and its place are lost together or not at all, so the commit need not wait for the disk.
  return tx.row<Place>(sql`
    select seen::text, until::text, last_id as "lastId", failing_id as "failingId", failures,
      greatest(0, ceil(
        extract(epoch from coalesce(retry_at - clock_timestamp(), '0')) * 1000))::float8 as "waitMs"
    from event_place, set_config('synchronous_commit', 'off', true)
    where handler = ${handler} for update of event_place skip locked`)
}

/** Waits for a handler's place and locks it until the transaction ends: no other process hands it facts meanwhile. */
export async function awaitPlace(tx: Tx, handler: string): Promise<void> {
  await tx.run(sql`select handler from event_place where handler = ${handler} for update`)
}

type Window = { seen: string; until: string; lastId: number }

/**
 * The current snapshot, and whether facts are visible in it that are not in `seen`. `isAhead`: `seen` is of a database
 * that has counted more transactions, as before a restore. Not to be called in a transaction that writes, as
 * `lookAround`.
 */
export async function lookBeyond(
  db: Queryable,
  seen: string,
): Promise<{ now: string; isBehind: boolean; isAhead: boolean }> {
  const row = await db.row<{ now: string; isBehind: boolean; isAhead: boolean }>(sql`
    with at as materialized (select pg_current_snapshot() as now)
    select at.now::text, pg_snapshot_xmax(${seen}::pg_snapshot) > pg_snapshot_xmax(at.now) as "isAhead", exists (
      select from outbox
      where xid >= pg_snapshot_xmin(${seen}::pg_snapshot)
        and not pg_visible_in_snapshot(xid, ${seen}::pg_snapshot) and pg_visible_in_snapshot(xid, at.now)) as "isBehind"
    from at`)
  return row!
}

/** The current snapshot: the place of a reader that begins with the facts from now on. */
export async function currentSnapshot(db: Queryable): Promise<string> {
  return (await db.row<{ now: string }>(sql`select pg_current_snapshot()::text as now`))!.now
}

/**
 * At most `limit` facts that are visible in `until` and not in `seen`, after `lastId`, in the order of their ids. Facts
 * of other topics are included without their payload, so that the caller can tell how far it has read.
 */
export async function readWindow(
  tx: Queryable,
  { seen, until, lastId }: Window,
  topics: readonly string[] | 'all',
  limit: number,
): Promise<Told[]> {
  const wanted = topics === 'all' ? null : topics
  const columns = sql`
    id, topic, case when ${wanted}::text[] is null or topic = any(${wanted}::text[]) then payload end as payload,
    occurred_at as "occurredAt", address, request_id as "requestId"`
  const isIn = sql`
    pg_visible_in_snapshot(xid, ${until}::pg_snapshot) and not pg_visible_in_snapshot(xid, ${seen}::pg_snapshot)`
  if (lastId > 0)
    return tx.rows<Told>(sql`select ${columns} from outbox where id > ${lastId} and ${isIn} order by id limit ${limit}`)
  // `id + 0` makes PostgreSQL use the index on xid, where new facts are together; by that on id it would pass all old
  // ones.
  return tx.rows<Told>(sql`
    select ${columns} from outbox
    where xid >= pg_snapshot_xmin(${seen}::pg_snapshot) and xid < pg_snapshot_xmax(${until}::pg_snapshot) and ${isIn}
    order by id + 0 limit ${limit}`)
}

/**
 * Moves a handler's place to `next` in the window, or, when it is undefined, beyond the window: all of it was taken.
 */
export async function movePlace(
  tx: Queryable,
  handler: string,
  until: string,
  next: number | undefined,
): Promise<void> {
  if (next === undefined) {
    await tx.run(sql`
      update event_place
      set seen = ${until}::pg_snapshot, until = null, last_id = 0,
        failing_id = null, failures = 0, trouble = null, retry_at = null, moved_at = now()
      where handler = ${handler}`)
  } else {
    await tx.run(sql`
      update event_place
      set until = ${until}::pg_snapshot, last_id = ${next},
        failing_id = null, failures = 0, trouble = null, retry_at = null, moved_at = now()
      where handler = ${handler}`)
  }
}

/** Makes the handler wait for `waitMs` before it retries this fact. */
export async function holdPlace(
  tx: Queryable,
  handler: string,
  until: string,
  { id, failures, trouble, waitMs }: { id: number; failures: number; trouble: string; waitMs: number },
): Promise<void> {
  await tx.run(sql`
    update event_place
    set until = ${until}::pg_snapshot, failing_id = ${id}, failures = ${failures}, trouble = ${trouble},
      retry_at = clock_timestamp() + make_interval(secs => ${waitMs / 1000}::float8)
    where handler = ${handler}`)
}

/** Parks a fact for an administrator. */
export async function park(
  tx: Queryable,
  handler: string,
  { id, topic, payload, occurredAt, address, requestId }: Told,
  trouble: string,
): Promise<void> {
  await tx.run(sql`
    insert into event_parked (handler, fact_id, topic, payload, occurred_at, address, request_id, trouble)
    values (
      ${handler}, ${id}, ${topic}, ${JSON.stringify(payload)}::jsonb,
      ${occurredAt}, ${address}, ${requestId}, ${trouble})
    on conflict (handler, fact_id) do update set trouble = excluded.trouble, parked_at = now()`)
}

export type Parked = Told & { parkedId: number; handler: string; trouble: string; parkedAt: Date }

const parkedColumns = sql`
  event_parked.id as "parkedId", handler, fact_id as id, topic, payload,
  occurred_at as "occurredAt", address, request_id as "requestId", trouble, parked_at as "parkedAt"`

/** At most `limit` parked facts of a handler after the cursor `after`, the oldest first. */
export async function listParked(db: Queryable, handler: string, after = 0, limit = 100): Promise<Parked[]> {
  return db.rows<Parked>(sql`
    select ${parkedColumns} from event_parked
    where handler = ${handler} and fact_id > ${after}
    order by fact_id limit ${limit}`)
}

/** Removes a parked fact; false when it is gone already. */
export async function unpark(tx: Queryable, parkedId: number): Promise<boolean> {
  return (await tx.run(sql`delete from event_parked where id = ${parkedId}`)) > 0
}

/**
 * Makes a handler take all facts from this id on again, as far as they are still there; false when there is no such
 * handler.
 */
export async function replay(tx: Tx, handler: string, fromId: number): Promise<boolean> {
  // An open window begins no later than before, so that facts which the handler has not taken yet are not skipped.
  const count = await tx.run(sql`
    update event_place
    set last_id = case when until is null then ${fromId}::bigint - 1 else least(${fromId}::bigint - 1, last_id) end,
      until = coalesce(until, seen), seen = ${nothing}::pg_snapshot,
      failing_id = null, failures = 0, trouble = null, retry_at = null
    where handler = ${handler}`)
  return count > 0
}

/** A handler as administrators see it. `behind` counts the facts that it has not taken, at most 1,000. */
export type Standing = {
  handler: string
  behind: number
  parked: number
  failures: number
  trouble: string | null
  failingId: number | null
  retryAt: Date | null
  movedAt: Date
}

export async function listStandings(db: Queryable, handlers: readonly string[]): Promise<Standing[]> {
  return db.rows<Standing>(sql`
    select handler, failures, trouble, failing_id as "failingId", retry_at as "retryAt", moved_at as "movedAt",
      (select count(*) from (
        select from outbox
        where xid >= pg_snapshot_xmin(seen) and not pg_visible_in_snapshot(xid, seen)
          and (until is null or not pg_visible_in_snapshot(xid, until) or id > last_id)
        limit 1000) left_over) as behind,
      (select count(*) from event_parked where event_parked.handler = event_place.handler) as parked
    from event_place where handler = any(${handlers}::text[]) order by handler`)
}

/** Removes facts older than `keepMs` that all of these handlers have taken. Returns how many. */
export async function dropOldFacts(db: Queryable, handlers: readonly string[], keepMs: number): Promise<number> {
  return db.run(sql`
    with oldest as (select id, xid, occurred_at from outbox order by id limit 5000)
    delete from outbox using oldest
    where outbox.id = oldest.id
      and oldest.occurred_at < now() - make_interval(secs => ${keepMs / 1000}::float8)
      and not exists (
        select from event_place
        where handler = any(${handlers}::text[]) and not pg_visible_in_snapshot(oldest.xid, seen))`)
}
