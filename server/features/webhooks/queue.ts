import type { Queryable } from '../../platform/db/db.ts'
import { jsonbText } from '../../platform/db/json.ts'
import { sql } from '../../platform/db/sql.ts'
import type { KeptAnswer, Status, Try } from './deliveries.ts'

/** The first deliveries of a target's queue that are looked at together: what may be under way to one target at a time. */
const windowSize = 8

/** A question for each target: as an EXISTS it may be answered by reading all that waits for anybody. */
const hasWaiting = sql`(select id from webhook_delivery where target_id = target.id and status = 'Pending' order by id limit 1) is not null`

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
/** A target that this process holds now, with the head of its queue. `dueAt` in ms by this process's clock, which need not agree with the database's. */
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
 * Takes hold of those targets that have something waiting and may be called now, so that no other process delivers to them until
 * `finish`, or for `holdMs`. A target that Marina paused is tried with one delivery when its rest is over.
 */
export async function takeTargets(db: Queryable, by: string, ids: number[], holdMs: number): Promise<Held[]> {
  const held = await db.rows<Held & { now: number }>(sql`
    with held as (
      update webhook_target set held_by = ${by}, held_until = clock_timestamp() + make_interval(secs => ${holdMs / 1000})
      where id in (
        select id from webhook_target target where id = any(${ids}::bigint[]) and paused_by is distinct from 'user' and (rests_until is null or rests_until <= clock_timestamp())
          and (held_by is null or held_until < clock_timestamp())
          and ${hasWaiting}
        order by id for no key update skip locked)
      returning id, policy_id, type, verifies_tls, sealed, failed_rounds, paused_at)
    select id, policy_id as "policyId", type, verifies_tls as "verifiesTls", sealed, failed_rounds as "failedRounds", paused_at is not null as "isProbe",
      (extract(epoch from clock_timestamp()) * 1000)::float8 as now, (
      select coalesce(jsonb_agg(jsonb_build_object('id', id, 'orderedBy', ordered_by, 'eventType', event_type, 'eventId', event_id, 'contentType', content_type, 'body', body, 'tries', tries,
        'triedAt', history->-1->>'at', 'dueAt', extract(epoch from due_at) * 1000) order by id), '[]')
      from (select * from webhook_delivery where target_id = held.id and status = 'Pending' order by id limit ${windowSize}) head) as waiting
    from held`)
  return held.map(({ now, waiting, ...target }) => ({
    ...target,
    waiting: waiting.map((one) => ({ ...one, dueAt: Date.now() + one.dueAt - now })),
  }))
}

/** Targets for which something waits and which nobody is at, for a process that has heard nothing of them. */
export async function findNeglected(db: Queryable): Promise<number[]> {
  const rows = await db.rows<{ id: number }>(sql`
    select id from webhook_target target where paused_by is distinct from 'user' and (rests_until is null or rests_until <= clock_timestamp()) and (held_by is null or held_until < clock_timestamp())
      and ${hasWaiting} order by rests_until nulls first, id limit 1000`)
  return rows.map(({ id }) => id)
}

/** Whose targets these are, by the target: a project's, or the system's. */
export async function findOwners(db: Queryable, targetIds: number[]): Promise<Map<number, string>> {
  const rows = await db.rows<{ id: number; projectId: number | null }>(sql`
    select target.id, project_id as "projectId" from webhook_target target join webhook_policy policy on policy.id = policy_id where target.id = any(${targetIds}::bigint[]) limit 1000`)
  return new Map(rows.map(({ id, projectId }) => [id, projectId === null ? 'system' : String(projectId)]))
}

/** What became of one try. `status` Pending: it is tried again at `dueAt`. */
export type Result = {
  id: number
  status: Status
  message: string
  counts: boolean
  try: Try
  answer: KeptAnswer | null
  dueAt: Date
}
/** How a target stands after a round. `pausedWhy` '' is not paused. */
export type Standing = { failedRounds: number; restsUntil: Date | null; pausedWhy: string }
/** `held`: as it was taken. */
export type Finished = {
  held: Pick<Held, 'id' | 'sealed' | 'failedRounds'>
  results: Result[]
  standing: Standing | undefined
}

/**
 * Writes down what became of a round of each target, and lets go of the targets. How one stands is left alone where somebody has changed
 * it or had it go on meanwhile: the round knows only what was before. One that was paused stays so. Of a delivery's tries the last 20
 * are remembered. The status is compared as an expression: by its index, everything that waits would be read. Returns the targets that
 * stand now as given.
 */
export async function finishTargets(db: Queryable, by: string, finished: Finished[]): Promise<Set<number>> {
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
    with tried as (
      update webhook_delivery delivery set status = one.status, status_message = one.message, tries = tries + one.counts::int, due_at = clock_timestamp() + make_interval(secs => one."dueMs" / 1000),
        answer = coalesce(one.answer, delivery.answer), history = jsonb_path_query_array(history || one.try, '$[last - 19 to last]'),
        started_at = coalesce(started_at, (one.try->>'at')::timestamptz), ended_at = case when one.status <> 'Pending' then clock_timestamp() end
      from jsonb_to_recordset(${jsonbText(results)}::jsonb) as one (id bigint, status text, message text, counts boolean, try jsonb, answer jsonb, "dueMs" float8)
      where delivery.id = any(${results.map(({ id }) => id)}::bigint[]) and delivery.id = one.id and delivery.status || '' = 'Pending'),
    one as (
      select target.id, "failedRounds", "pausedWhy", clock_timestamp() + make_interval(secs => "restMs" / 1000) as "restsUntil", "isTold" and target.sealed = one.sealed and failed_rounds = was as changes
      from webhook_target target join jsonb_to_recordset(${jsonbText(standings)}::jsonb)
        as one (id bigint, sealed text, was int, "isTold" boolean, "failedRounds" int, "restMs" float8, "pausedWhy" text) on target.id = one.id
      where target.id = any(${standings.map(({ id }) => id)}::bigint[]) and target.held_by = ${by} order by target.id for no key update of target)
    update webhook_target target set held_by = null, held_until = null,
      failed_rounds = case when one.changes then one."failedRounds" else failed_rounds end, rests_until = case when one.changes then one."restsUntil" else rests_until end,
      paused_at = case when not one.changes or paused_by = 'user' then paused_at when one."pausedWhy" <> '' then coalesce(paused_at, clock_timestamp()) end,
      paused_why = case when not one.changes or paused_by = 'user' then paused_why else one."pausedWhy" end,
      paused_by = case when not one.changes or paused_by = 'user' then paused_by when one."pausedWhy" <> '' then 'marina' end
    from one where target.id = one.id returning target.id, one.changes`)
  return new Set(rows.flatMap(({ id, changes }) => (changes ? [id] : [])))
}

/** Lets go of what this process holds: it ends. */
export async function releaseTargets(db: Queryable, by: string): Promise<void> {
  await db.run(sql`update webhook_target set held_by = null, held_until = null where held_by = ${by}`)
}

/** Frees targets that dead processes held. Only for a database that no other process uses yet. */
export async function forgetHolds(db: Queryable): Promise<void> {
  await db.run(sql`update webhook_target set held_by = null where held_by is not null`)
}
