import type { Queryable } from '../../platform/db/db.ts'
import { jsonbText } from '../../platform/db/json.ts'
import { sql } from '../../platform/db/sql.ts'
import { liveChannel, livePayload } from '../../platform/events/live.ts'
import type { KeptAnswer, Status, Try } from './deliveries.ts'

/** How many of a target's first pending deliveries a round reads: the most that are sent to one target at a time. */
const windowSize = 8

/** A scalar subquery, run for each target: an EXISTS could be planned as a join that reads all pending deliveries. */
const hasWaiting = sql`(
  select id from webhook_delivery
  where target_id = target.id and status = 'Pending'
  order by id limit 1) is not null`
/** Neither paused by an account, nor resting, nor held by a process. */
const isFree = sql`target.paused_by is distinct from 'user'
  and (target.rests_until is null or target.rests_until <= clock_timestamp())
  and (target.held_by is null or target.held_until < clock_timestamp())`

export type Waiting = {
  id: number
  orderedBy: string
  eventType: string
  eventId: string
  contentType: string
  body: string
  tries: number
  triedAt: string | null
  dueAt: number
}
/**
 * A target that this process holds, with the head of its queue. `dueAt` in ms by this process's clock, which may differ
 * from the database's.
 */
export type Held = {
  id: number
  policyId: number
  type: string
  verifiesTls: boolean
  sealed: string
  failedRounds: number
  isProbe: boolean
  waiting: Waiting[]
}

/**
 * Holds those of the targets that are free and have pending deliveries: until `finish`, or for `holdMs`, no other
 * process delivers to them. A target that Marina paused is probed with one delivery when its rest is over.
 */
export async function takeTargets(db: Queryable, by: string, ids: number[], holdMs: number): Promise<Held[]> {
  const held = await db.rows<Held & { now: number }>(sql`
    with held as (
      update webhook_target
      set held_by = ${by}, held_until = clock_timestamp() + make_interval(secs => ${holdMs / 1000})
      where id in (
        select id from webhook_target target
        where id = any(${ids}::bigint[]) and ${isFree} and ${hasWaiting}
        order by id for no key update skip locked)
      returning id, policy_id, type, verifies_tls, sealed, failed_rounds, paused_at)
    select id, policy_id as "policyId", type, verifies_tls as "verifiesTls", sealed,
      failed_rounds as "failedRounds", paused_at is not null as "isProbe",
      (extract(epoch from clock_timestamp()) * 1000)::float8 as now, (
        select coalesce(jsonb_agg(jsonb_build_object(
          'id', id, 'orderedBy', ordered_by, 'eventType', event_type, 'eventId', event_id,
          'contentType', content_type, 'body', body, 'tries', tries,
          'triedAt', history->-1->>'at', 'dueAt', extract(epoch from due_at) * 1000) order by id), '[]')
        from (
          select * from webhook_delivery
          where target_id = held.id and status = 'Pending'
          order by id limit ${windowSize}) head) as waiting
    from held`)
  return held.map(({ now, waiting, ...target }) => ({
    ...target,
    waiting: waiting.map((one) => ({ ...one, dueAt: Date.now() + one.dueAt - now })),
  }))
}

/** Targets that are free and have pending deliveries, for a process that got no notification of them. */
export async function findNeglected(db: Queryable): Promise<number[]> {
  const rows = await db.rows<{ id: number }>(sql`
    select id from webhook_target target
    where ${isFree} and ${hasWaiting}
    order by rests_until nulls first, id limit 1000`)
  return rows.map(({ id }) => id)
}

/** The owner of each target: the id of a project, or `system`. */
export async function findOwners(db: Queryable, targetIds: number[]): Promise<Map<number, string>> {
  const rows = await db.rows<{ id: number; projectId: number | null }>(sql`
    select target.id, project_id as "projectId"
    from webhook_target target join webhook_policy policy on policy.id = policy_id
    where target.id = any(${targetIds}::bigint[]) limit 1000`)
  return new Map(rows.map(({ id, projectId }) => [id, projectId === null ? 'system' : String(projectId)]))
}

/** The result of one try. `status` Pending: the delivery is retried at `dueAt`. */
export type Result = {
  id: number
  status: Status
  message: string
  counts: boolean
  try: Try
  /** Of the request, with secrets masked. */
  headers: Record<string, string>
  answer: KeptAnswer | null
  dueAt: Date
}
/** The state of a target after a round. `pausedWhy` '': not paused. */
export type Standing = { failedRounds: number; restsUntil: Date | null; pausedWhy: string }
/** A round that has ended. `held`: the target as it was taken. */
export type Finished = {
  held: Pick<Held, 'id' | 'policyId' | 'sealed' | 'failedRounds'>
  results: Result[]
  standing: Standing | undefined
}

/**
 * Writes the results of rounds and releases their targets. The state of a target that was changed or resumed meanwhile
 * is kept, because the round knows only the state before; one that an account paused stays paused. A delivery's history
 * holds its last 20 tries. `status || ''` keeps PostgreSQL from its index on status, by which it would read all pending
 * deliveries. Returns the ids of the targets whose state was written.
 */
export async function finishTargets(db: Queryable, by: string, finished: Finished[]): Promise<Set<number>> {
  const tried = finished.filter((one) => one.results.length > 0).map(({ held }) => held.policyId)
  const [tellsLive, live] = [tried.length > 0, livePayload('webhook', tried)]
  const inMs = (at: Date | null | undefined) => (at ? at.getTime() - Date.now() : null)
  const results = finished.flatMap((one) => one.results).map(({ dueAt, ...one }) => ({ ...one, dueMs: inMs(dueAt) }))
  const standings = finished.map(({ held: { id, sealed, failedRounds: was }, standing }) => ({
    ...standing,
    id,
    sealed,
    was,
    restMs: inMs(standing?.restsUntil),
    isTold: standing !== undefined,
  }))
  const rows = await db.rows<{ id: number; changes: boolean }>(sql`
    with told as (select case when ${tellsLive} then pg_notify(${liveChannel}, ${live})::text end),
    tried as (
      update webhook_delivery delivery set
        status = one.status, status_message = one.message, tries = tries + one.counts::int,
        due_at = clock_timestamp() + make_interval(secs => one."dueMs" / 1000),
        answer = coalesce(one.answer, delivery.answer), sent_headers = one.headers,
        history = jsonb_path_query_array(history || one.try, '$[last - 19 to last]'),
        started_at = coalesce(started_at, (one.try->>'at')::timestamptz),
        ended_at = case when one.status <> 'Pending' then clock_timestamp() end
      from jsonb_to_recordset(${jsonbText(results)}::jsonb)
        as one (
          id bigint, status text, message text, counts boolean, try jsonb, headers jsonb, answer jsonb, "dueMs" float8)
      where delivery.id = any(${results.map(({ id }) => id)}::bigint[]) and delivery.id = one.id
        and delivery.status || '' = 'Pending'),
    one as (
      select target.id, "failedRounds", "pausedWhy",
        clock_timestamp() + make_interval(secs => "restMs" / 1000) as "restsUntil",
        "isTold" and target.sealed = one.sealed and failed_rounds = was as changes
      from webhook_target target
      join jsonb_to_recordset(${jsonbText(standings)}::jsonb) as one (id bigint, sealed text, was int,
        "isTold" boolean, "failedRounds" int, "restMs" float8, "pausedWhy" text) on target.id = one.id
      where target.id = any(${standings.map(({ id }) => id)}::bigint[]) and target.held_by = ${by}
      order by target.id for no key update of target)
    update webhook_target target set held_by = null, held_until = null,
      failed_rounds = case when one.changes then one."failedRounds" else failed_rounds end,
      rests_until = case when one.changes then one."restsUntil" else rests_until end,
      paused_at = case when not one.changes or paused_by = 'user' then paused_at
        when one."pausedWhy" <> '' then coalesce(paused_at, clock_timestamp()) end,
      paused_why = case when not one.changes or paused_by = 'user' then paused_why else one."pausedWhy" end,
      paused_by = case when not one.changes or paused_by = 'user' then paused_by
        when one."pausedWhy" <> '' then 'marina' end
    from one, told where target.id = one.id
    returning target.id, one.changes`)
  return new Set(rows.flatMap(({ id, changes }) => (changes ? [id] : [])))
}

/** Releases all targets that this process holds, when it ends. */
export async function releaseTargets(db: Queryable, by: string): Promise<void> {
  await db.run(sql`update webhook_target set held_by = null, held_until = null where held_by = ${by}`)
}

/** Releases targets that killed processes held. Only for a database that no other process uses yet. */
export async function forgetHolds(db: Queryable): Promise<void> {
  await db.run(sql`update webhook_target set held_by = null where held_by is not null`)
}
