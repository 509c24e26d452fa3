import { createHmac } from 'node:crypto'
import type { Client as Database } from 'pg'
import type { History } from './history.ts'

/** A request that a receiver of webhooks got. */
type Receipt = { headers: Record<string, string | string[] | undefined>; body: string }
/** What is known of a push or a delete of one image: facts in the outbox, entries of the audit log, events received. */
type Told = { facts: number; entries: string[]; events: Set<string> }

const operations = { PUSH_ARTIFACT: 'create', DELETE_ARTIFACT: 'delete' } as const
type EventType = keyof typeof operations

/**
 * The problems with facts, once none is pending: each change must have one entry in the audit log, and the receiver
 * must have got it at least once, under that entry's event id. Of each change there are at least as many as were
 * acknowledged, at most as many as were begun, and no others.
 */
export async function checkTold(
  database: Database,
  history: History,
  receipts: Receipt[],
  secret: string,
): Promise<string[]> {
  const told = new Map<string, Told>()
  const of = (key: string) => {
    const one = told.get(key) ?? { facts: 0, entries: [], events: new Set<string>() }
    told.set(key, one)
    return one
  }
  const { rows: facts } = await database.query<{ key: string; count: number }>(`
    select case topic when 'artifact.pushed' then 'create ' else 'delete ' end ||
      (payload->>'repository') || '@' || (payload->>'digest') as key, count(*)::int as count
    from outbox where topic in ('artifact.pushed', 'artifact.deleted') group by 1`)
  for (const { key, count } of facts) of(key).facts = count
  const { rows: entries } = await database.query<{ key: string; event: string }>(`
    select operation || ' ' || (details->>'repository') || '@' || (details->>'digest') as key, event_id::text as event
    from audit_log where resource_type = 'artifact' and operation in ('create', 'delete')`)
  for (const { key, event } of entries) of(key).entries.push(event)
  const problems = receipts.flatMap((receipt) => {
    of(keyOf(receipt)).events.add(String(receipt.headers['marina-event-id']))
    return isSigned(receipt, secret) ? [] : [`a delivery of ${keyOf(receipt)} has a wrong signature`]
  })
  return [
    ...problems,
    ...mixed(receipts),
    ...[...told].flatMap(([key, one]) => problemsOf(key, one, history)),
    ...unheard(told, history),
  ]
}

function problemsOf(key: string, { facts, entries, events }: Told, history: History): string[] {
  const { started, acknowledged } = countOf(key, history)
  return [
    ...(entries.length < acknowledged || entries.length > started || entries.length !== facts
      ? [
          `audit: ${key} has ${entries.length} entries; ${acknowledged} were acknowledged, ` +
            `${started} begun, ${facts} are facts`,
        ]
      : []),
    ...(new Set(entries).size === entries.length ? [] : [`audit: ${key} has entries with the same event id`]),
    ...entries.filter((event) => !events.has(event)).map((event) => `webhooks: nobody heard of ${key}, event ${event}`),
    ...[...events]
      .filter((event) => !entries.includes(event))
      .map((event) => `webhooks: ${key} was told as event ${event}, which is not in the log`),
  ]
}

/** Changes that were acknowledged, but have neither a fact, an entry nor a delivery. */
function unheard(told: Map<string, Told>, { images }: History): string[] {
  const keys = [...images].flatMap(([name, { pushes, deletes }]) => [
    ...(pushes.acknowledged > 0 ? [`create ${name}`] : []),
    ...(deletes.acknowledged > 0 ? [`delete ${name}`] : []),
  ])
  return keys.filter((key) => !told.has(key)).map((key) => `lost: there is no trace of ${key}`)
}

/** Deliveries with the same event id must have the same body. */
function mixed(receipts: Receipt[]): string[] {
  const bodies = new Map<string, string>()
  return receipts.flatMap(({ headers, body }) => {
    const event = String(headers['marina-event-id'])
    const first = bodies.get(event) ?? body
    bodies.set(event, first)
    return first === body ? [] : [`webhooks: event ${event} came with different bodies`]
  })
}

function countOf(key: string, { images }: History): { started: number; acknowledged: number } {
  const [operation, name = ''] = key.split(' ')
  const held = images.get(name)
  return (operation === 'create' ? held?.pushes : held?.deletes) ?? { started: 0, acknowledged: 0 }
}

function keyOf({ body }: Receipt): string {
  const { type, event_data: data } = JSON.parse(body) as {
    type: EventType
    event_data: { resources: { digest: string }[]; repository: { repo_full_name: string } }
  }
  return `${operations[type]} ${data.repository.repo_full_name}@${data.resources[0]!.digest}`
}

function isSigned({ headers, body }: Receipt, secret: string): boolean {
  const [time = '', hash] = String(headers['marina-signature']).split(',')
  return (
    hash ===
    `v1=${createHmac('sha256', secret)
      .update(`${time.slice(2)}.${body}`)
      .digest('hex')}`
  )
}
