import type { Paged, Queryable, Tx } from '../../platform/db/db.ts'
import type { Fields, Listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { liveChannel, livePayload } from '../../platform/events/live.ts'
import type { HookEvent } from './events.ts'
import type { Message } from './senders/sender.ts'
import { findSender, senders } from './senders/senders.ts'
import type { Wanted } from './store.ts'

/** Processes listen on this channel for targets with new deliveries: a list of ids, or '' to look in the database. */
export const channel = 'marina_webhooks'

export type Status = 'Pending' | 'Success' | 'Error' | 'Stopped'
/** One try: its time, its duration in ms, and the status of the answer or the reason why there was none. */
export type Try = { at: string; took_ms: number; status?: number; error?: string }
export type KeptAnswer = { status: number; headers: Record<string, string>; body: string; is_cut: boolean }
export type Delivery = {
  id: number
  policyId: number
  targetId: number | null
  notifyType: string
  eventType: string
  eventId: string
  trigger: 'EVENT' | 'MANUAL'
  contentType: string
  body: string
  status: Status
  message: string
  tries: number
  history: Try[]
  /** Of the last request, with secrets masked; null before the first try. */
  sentHeaders: Record<string, string> | null
  answer: KeptAnswer | null
  dueAt: Date
  createdAt: Date
  startedAt: Date | null
  endedAt: Date | null
}

/** An event for one target. Deliveries to one target with the same `orderedBy` are sent one after the other. */
export type NewDelivery = {
  event: HookEvent
  policyId: number
  target: Wanted['targets'][number]
  orderedBy: string
  trigger: 'EVENT' | 'MANUAL'
}

/**
 * Puts events into the queues of their targets, as rows with the body that will be sent. When the transaction commits,
 * processes are notified. Returns the ids of the deliveries.
 */
export async function addDeliveries(tx: Tx, wanted: NewDelivery[]): Promise<number[]> {
  const ids: number[] = []
  for (const some of portionsOf(wanted)) ids.push(...(await addSome(tx, some)))
  return ids
}

type Rendered = NewDelivery & { message: Message }

/** The size of a batch, in characters of bodies: a project may have 1000 targets for one long event. */
const portion = 4 * 1024 * 1024

/** Renders batch after batch, each only when the one before is written, so that memory stays flat. */
function* portionsOf(wanted: NewDelivery[]): Generator<Rendered[]> {
  let [some, size] = [[] as Rendered[], 0]
  for (const one of wanted) {
    const {
      event,
      policyId,
      target: { type, format, template },
    } = one
    const message = findSender(type)!.render(event, { format, template: template ?? undefined, policyId })
    some.push({ ...one, message })
    size += message.body.length
    if (size < portion) continue
    yield some
    ;[some, size] = [[], 0]
  }
  if (some.length > 0) yield some
}

async function addSome(tx: Tx, wanted: Rendered[]): Promise<number[]> {
  const targetIds = wanted.map(({ target }) => target.id)
  const live = livePayload(
    'webhook',
    wanted.map(({ policyId }) => policyId),
  )
  const rows = await tx.rows<{ id: number }>(sql`
    with told as (
      select pg_notify(${channel}, ${namesOf([...new Set(targetIds)])}), pg_notify(${liveChannel}, ${live})),
    added as (
      insert into webhook_delivery (
        policy_id, target_id, notify_type, event_type, event_id, ordered_by, trigger, content_type, body)
      select target.policy_id, target.id, target.type, one.event_type, one.event_id, one.ordered_by,
        one.trigger, one.content_type, one.body
      from unnest(
        ${targetIds}::bigint[], ${wanted.map(({ event }) => event.type)}::text[],
        ${wanted.map(({ event }) => event.id)}::uuid[], ${wanted.map((one) => one.orderedBy)}::text[],
        ${wanted.map((one) => one.trigger)}::text[], ${wanted.map(({ message }) => message.contentType)}::text[],
        ${wanted.map(({ message }) => message.body)}::text[]
      ) with ordinality as one (target_id, event_type, event_id, ordered_by, trigger, content_type, body, place)
      -- Read once more and locked: the target may have been deleted since the lookup, or is just being deleted.
      join webhook_target target on target.id = one.target_id
      order by one.place for key share of target
      returning id)
    select id from added, told order by id`)
  return rows.map(({ id }) => id)
}

/** The payload of a notification, which PostgreSQL limits to 8000 bytes: '' for more than 400 targets. */
const namesOf = (targetIds: number[]) => (targetIds.length > 400 ? '' : targetIds.join(','))

/** Deliveries from the id `first` to `last`, all or only those with this status. */
export type Range = { first: number; last: number; status: Status | undefined }

/** The most deliveries that one call repeats. */
export const repeatLimit = 10_000

/** A new delivery. `until`: the id of the last old delivery that the same call repeated. */
export type Repeated = { id: number; eventId: string; until: number }

/** Sends deliveries again, with the same event ids, to targets that still exist; pending ones are left out. */
export function repeatDeliveries(tx: Tx, policyId: number, { first, last, status }: Range): Promise<Repeated[]> {
  const ofStatus = status === undefined ? sql`true` : sql`status = ${status}`
  return tx.rows<Repeated>(sql`
    with told as (select pg_notify(${channel}, ''), pg_notify(${liveChannel}, ${livePayload('webhook', [policyId])})),
    old as (
      select * from webhook_delivery
      where policy_id = ${policyId} and id between ${first} and ${last}
        and exists (select from webhook_target where id = target_id)
        and status <> 'Pending' and ${ofStatus}
      order by id limit ${repeatLimit}),
    added as (
      insert into webhook_delivery (
        policy_id, target_id, notify_type, event_type, event_id, ordered_by, trigger, content_type, body)
      select policy_id, target_id, notify_type, event_type, event_id, ordered_by, 'MANUAL', content_type, body
      from old order by id
      returning id, event_id)
    select id, event_id as "eventId", (select max(id) from old) as until from added, told order by id`)
}

/** Notifies all processes, when the transaction commits, that these targets may have something to deliver. */
export async function wake(tx: Queryable, targetIds: number[]): Promise<void> {
  await tx.rows(sql`select pg_notify(${channel}, ${namesOf(targetIds)})`)
}

const columns = sql`
  id, policy_id as "policyId", target_id as "targetId", notify_type as "notifyType", event_type as "eventType",
  event_id as "eventId", trigger, content_type as "contentType", body, status, status_message as message, tries,
  history, sent_headers as "sentHeaders", answer,
  due_at as "dueAt", created_at as "createdAt", started_at as "startedAt", ended_at as "endedAt"`

/** Harbor's vendor type of an execution, by the kind of target. */
export const vendorOf = (notifyType: string): string => findSender(notifyType)?.vendor ?? 'WEBHOOK'

const vendorFilter = (vendor: string) =>
  sql`notify_type = any(${senders.filter((one) => one.vendor === vendor).map(({ type }) => type)}::text[])`

export const deliveryFields: Fields = {
  id: { type: 'integer', column: sql`id` },
  status: { type: 'text', column: sql`status` },
  trigger: { type: 'text', column: sql`trigger` },
  event_type: { type: 'text', column: sql`event_type` },
  notify_type: { type: 'text', column: sql`notify_type` },
  event_id: { type: 'text', column: sql`event_id::text` },
  vendor_type: {
    type: 'custom',
    where: (condition) => (condition.kind === 'is' ? vendorFilter(condition.value) : undefined),
  },
  creation_time: { type: 'time', column: sql`created_at` },
  start_time: { type: 'time', column: sql`created_at` },
  end_time: { type: 'time', column: sql`ended_at` },
  update_time: { type: 'time', column: sql`coalesce(ended_at, started_at, created_at)` },
}
export const deliveryOrder = sql`id desc`

/** One page of a policy's deliveries; an empty `statuses` takes all. */
export function listDeliveries(
  db: Queryable,
  policyId: number,
  { where, ...part }: Listing,
  statuses: string[] = [],
): Promise<Paged<Delivery>> {
  const from = sql`
    from webhook_delivery where policy_id = ${policyId}
      and (cardinality(${statuses}::text[]) = 0 or status = any(${statuses}::text[])) and ${where}`
  return db.page({ columns, from }, part)
}

/** A delivery of this policy; one of another policy is not found (H13, H19). */
export function findDelivery(db: Queryable, policyId: number, id: number): Promise<Delivery | undefined> {
  return db.row<Delivery>(sql`select ${columns} from webhook_delivery where id = ${id} and policy_id = ${policyId}`)
}

/**
 * Deletes deliveries older than `ageMs`, pending ones too, and beyond the newest `keep` of each policy the ones that
 * have ended. In batches of 5000, so that no lock is held for long.
 */
export async function sweepDeliveries(
  db: Queryable,
  { keep, ageMs }: { keep: number; ageMs: number },
  signal: AbortSignal,
): Promise<void> {
  const batch = 5000
  const untilNone = async (statement: () => Promise<number>) => {
    while (!signal.aborted && (await statement()) === batch);
  }
  // Ids ascend with time, so that the oldest deliveries have the lowest ids.
  await untilNone(() =>
    db.run(sql`
    with oldest as (select id, created_at from webhook_delivery order by id limit ${batch})
    delete from webhook_delivery using oldest
    where webhook_delivery.id = oldest.id
      and oldest.created_at < now() - make_interval(secs => ${ageMs / 1000})`),
  )
  const policies = await db.rows<{ id: number }>(sql`select id from webhook_policy order by id limit 100000`)
  for (const { id } of policies) {
    await untilNone(() =>
      db.run(sql`
      delete from webhook_delivery where id in (
        select id from webhook_delivery where policy_id = ${id} and status <> 'Pending'
          and id <= (
            select id from webhook_delivery where policy_id = ${id} order by id desc offset ${keep} limit 1)
        order by id limit ${batch})`),
    )
  }
}
