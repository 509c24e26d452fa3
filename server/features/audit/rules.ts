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
  /** The id that webhooks send for the same event; null for entries older than this column. */
  eventId: string | null
  details: Record<string, unknown> | null
}

type Payload = Record<string, unknown>

/** Harbor's event types, listed first. Settings and purges may name them and other `<operation>_<resource type>`. */
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

/** Parses the setting `disabled_audit_log_event_types`: event types with commas between. */
export function parseEventTypes(list: string): Set<string> {
  return new Set(
    list
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== ''),
  )
}

/** Returns an error text that names the first name that is no event type; undefined when all names are. */
export function strangeTypeIn(list: string, topics: Topics): string | undefined {
  const known = new Set(eventTypesOf(topics))
  const strange = [...parseEventTypes(list)].find((type) => !known.has(type))
  return strange === undefined
    ? undefined
    : `there is no event type ${JSON.stringify(strange.slice(0, 60))}, see /auditlog-exts/events`
}

export const eventTypeOf = ({ operation, resourceType }: Kind): string => `${operation}_${resourceType}`

/** Makes the entry of a fact. For a topic that no feature has any more, the words come from its name and payload. */
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

/** The verbs of topics and their operations; other verbs lose their -ed. */
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

/** The event id in the payload; facts about deliveries of an event have one. */
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

/** Matches the name and password in a URL, before its @. */
const inUrl = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]*@/gi

/**
 * Facts hold no secrets. Should one do so all the same, its value is replaced by `***` (H29, H38); so are the name and
 * password in a URL.
 */
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

/** Whether a pull is among the `percent` of pulls that get an entry; always the same answer for the same fact. */
export function isSampled(id: number, percent: number): boolean {
  // Knuth's multiplicative hash spreads neighbouring ids evenly from 0 to 1.
  return percent >= 100 || ((id * 2654435761) % 2 ** 32) / 2 ** 32 < percent / 100
}
