import type { Actor, AnyTopic, Topics } from '../../catalog/topic.ts'
import { eventIdOf } from '../../platform/events/event-id.ts'
import type { Told } from '../../platform/events/reaction.ts'

/** One row of the log. */
export type Entry = {
  id: number
  occurredAt: Date
  by: Actor
  projectId: number | null
  resourceType: string
  resource: string
  operation: string
  description: string
  isSuccess: boolean
  address: string | null
  requestId: string | null
  /** As webhooks send it along; null for entries from before it was kept. */
  eventId: string | null
  details: Record<string, unknown> | null
}

type Payload = Record<string, unknown>

/** The event types that Harbor knows, first; a switch or a purge may name them and every other `<operation>_<resource type>`. */
const harborTypes = [
  'create_artifact',
  'delete_artifact',
  'pull_artifact',
  'create_project',
  'delete_project',
  'delete_repository',
  'login_user',
  'logout_user',
  'create_user',
  'delete_user',
  'update_user',
  'create_robot',
  'delete_robot',
  'update_configuration',
  'create_member',
  'delete_member',
  'update_member',
  'update_project',
]

/** All event types that facts of these topics can have, Harbor's first. */
export function eventTypesOf(topics: Topics): string[] {
  const types = [...topics.values()].map((one) => eventTypeOf(kindOf(one)))
  return [...new Set([...harborTypes, ...types.sort()])]
}

/** `disabled_audit_log_event_types`: names with commas between. */
export function parseEventTypes(list: string): Set<string> {
  return new Set(
    list
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== ''),
  )
}

/** Says which of the names is no event type; undefined when all are. */
export function strangeTypeIn(list: string, topics: Topics): string | undefined {
  const known = new Set(eventTypesOf(topics))
  const strange = [...parseEventTypes(list)].find((type) => !known.has(type))
  return strange === undefined
    ? undefined
    : `there is no event type ${JSON.stringify(strange.slice(0, 60))}, see /auditlog-exts/events`
}

export const eventTypeOf = ({ operation, resourceType }: Kind): string => `${operation}_${resourceType}`

/** What stands in the log of a fact. Of a topic that nobody emits any more, the name and the payload say it. */
export function entryOf(topics: Topics, { id, topic, payload, occurredAt, address, requestId }: Told): Entry {
  const about = topics.get(topic) ?? { topic, wording: {} }
  const { by, projectId, origin, ...rest } = payload
  const elsewhere = (origin ?? {}) as { address?: string; requestId?: string }
  return {
    id,
    occurredAt,
    by: actorIn(by),
    projectId: typeof projectId === 'number' ? projectId : null,
    ...wordsOf(about, payload),
    isSuccess: !about.wording.isFailure,
    address: elsewhere.address ?? address,
    requestId: elsewhere.requestId ?? requestId,
    eventId: eventIn(payload) ?? eventIdOf({ id, topic, payload }),
    details: withoutSecrets({ ...rest, ...(origin ? { origin } : {}) }),
  }
}

type Kind = Pick<Entry, 'resourceType' | 'operation'>
type Words = Kind & Pick<Entry, 'resource' | 'description'>

function wordsOf(topic: AnyTopic, payload: Payload): Words {
  const { resource: nameOf = guessResource, description: describe } = topic.wording
  const kind = kindOf(topic)
  const resource = nameOf(payload).slice(0, 1024)
  const description = describe?.(payload) ?? sentence(kind, resource, payload)
  return { ...kind, resource, description: description.slice(0, 2048) }
}

/** Of topics; others lose their -ed. */
const verbs: Readonly<Record<string, string>> = {
  created: 'create',
  changed: 'update',
  updated: 'update',
  deleted: 'delete',
  added: 'create',
  removed: 'delete',
  paused: 'pause',
  resumed: 'resume',
  purged: 'purge',
  forgotten: 'forget',
  scheduled: 'schedule',
  rotated: 'rotate',
  executed: 'execute',
  restored: 'restore',
  retried: 'retry',
}

/** `quota.updated` → quota, update; unless the topic says otherwise. */
function kindOf({ topic, wording }: AnyTopic): Kind {
  const [noun = '', verb = ''] = topic.split('.')
  const { type = noun.replaceAll('-', '_'), operation = verbs[verb] ?? withoutEnding(verb) } = wording
  return { resourceType: type, operation }
}

/** stopped → stop, asked → ask. */
const withoutEnding = (verb: string) => verb.replace(/(p)ped$|ed$/, '$1').replaceAll('-', '_')

const text = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
const names = (changed: unknown): string => (Array.isArray(changed) ? changed : Object.keys(changed ?? {})).join(', ')

function guessResource(payload: Payload): string {
  const { name, repository } = payload
  if (typeof name === 'string' || typeof repository === 'string') return text(name ?? repository)
  const id = Object.entries(payload).find(
    ([key, value]) =>
      key !== 'projectId' && /id$/i.test(key) && (typeof value === 'number' || typeof value === 'string'),
  )
  return id ? text(id[1]) : text(payload.projectId)
}

function sentence({ operation, resourceType }: Kind, resource: string, { changed }: Payload): string {
  const fields = names(changed)
  return `${operation} ${resourceType.replaceAll('_', ' ')}: ${resource}${fields ? ` (${fields})` : ''}`
}

/** Facts about an event's deliveries name it. */
const eventIn = ({ eventId }: Payload) =>
  typeof eventId === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(eventId) ? eventId : undefined

const nobody: Actor = { kind: 'system', id: null, name: 'system' }
function actorIn(by: unknown): Actor {
  const { kind, id, name } = (by ?? {}) as Partial<Actor>
  return kind && typeof name === 'string' ? { kind, id: id ?? null, name: name.slice(0, 255) } : nobody
}

const largestDetails = 16 * 1024
const secretName =
  /secret|password|passwd|credential|private_?key|auth_?header|authorization|salt|(^|_)token$|token_value/i

/** What stands before the @ of a URL. */
const inUrl = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]*@/gi

/** Facts hold no secrets. Should one do so all the same, it stands here as `***` (H29, H38); so does whatever a URL says of who calls it. */
function withoutSecrets(details: Payload): Payload | null {
  const clean = JSON.stringify(details, (key, value: unknown) =>
    typeof value !== 'string' || value === ''
      ? value
      : secretName.test(key)
        ? '***'
        : value.replaceAll(inUrl, '$1***@'),
  )
  if (clean === '{}') return null
  return clean.length > largestDetails
    ? { note: `too long to be kept: ${clean.length} characters` }
    : (JSON.parse(clean) as Payload)
}

/** Whether a pull is among the `percent` of pulls that are kept: the same answer each time for the same fact. */
export function isSampled(id: number, percent: number): boolean {
  // Knuth's multiplicative hash spreads neighbouring ids over all hundred.
  return percent >= 100 || ((id * 2654435761) % 2 ** 32) / 2 ** 32 < percent / 100
}
