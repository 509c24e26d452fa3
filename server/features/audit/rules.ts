import type { Actor } from '../../catalog/topics.ts'
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
type Naming = { type?: string; operation?: string; resource?: (of: Payload) => string; description?: (of: Payload) => string; isFailure?: true }

const text = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '')
const names = (changed: unknown): string => (Array.isArray(changed) ? changed : Object.keys(changed ?? {})).join(', ')
const byDigest = ({ repository, digest }: Payload) => `${text(repository)}@${text(digest)}`
/** As Harbor writes it: by its first tag, else by its digest; a deleted one always by its digest. */
const artifact = (of: Payload): string => {
  const { repository, tags, tag } = of
  const [first] = Array.isArray(tags) ? (tags as string[]) : [tag as string | null]
  return first ? `${text(repository)}:${first}` : byDigest(of)
}
const tagged = ({ repository, tag }: Payload) => `${text(repository)}:${text(tag)}`
const named = ({ name }: Payload) => text(name)
const scheduled = (what: string) => ({ cron }: Payload) => (cron === null ? `end the schedule of ${what}` : `schedule ${what}: ${text(cron)}`)
const times = ({ count }: Payload) => (Number(count) > 1 ? `, ${text(count)} times` : '')

/** What Harbor calls it, where a topic's own words are others. Everything else follows from the topic, see `guess`. */
const namings: Readonly<Record<string, Naming>> = {
  'artifact.pushed': { operation: 'create', resource: artifact },
  'artifact.pulled': { operation: 'pull', resource: artifact, description: (of) => `pull artifact: ${artifact(of)}${times(of)}` },
  'artifact.deleted': { resource: byDigest },
  'artifact.copied': { operation: 'create', resource: artifact, description: (of) => `copy artifact: ${artifact(of)} from ${text(of.from)}` },
  'artifact.labeled': { operation: 'update', resource: artifact, description: (of) => `put label ${text(of.labelId)} on ${artifact(of)}` },
  'artifact.unlabeled': { operation: 'update', resource: artifact, description: (of) => `take label ${text(of.labelId)} off ${artifact(of)}` },
  'tag.created': { resource: tagged },
  'tag.moved': { operation: 'update', resource: tagged, description: (of) => `move tag: ${tagged(of)} from ${text(of.from)} to ${text(of.digest)}` },
  'tag.deleted': { resource: tagged },
  'blob.deleted': { resource: artifact },
  'account.created': { type: 'user', resource: named },
  'account.changed': { type: 'user', resource: named },
  'account.password-changed': { type: 'user', operation: 'update', resource: named, description: (of) => `change the password of user: ${named(of)}` },
  'account.deleted': { type: 'user', resource: named },
  'session.opened': { type: 'user', operation: 'login', resource: named },
  'session.closed': { type: 'user', operation: 'logout', resource: named },
  'login.failed': { type: 'user', operation: 'login', resource: named, isFailure: true, description: (of) => `wrong name or password: ${named(of)}${times(of)}` },
  'change.refused': { type: 'request', operation: 'refuse', resource: ({ what }) => text(what), isFailure: true, description: (of) => `refused: ${text(of.what)}${times(of)}` },
  'group.created': { type: 'user_group' }, 'group.changed': { type: 'user_group' }, 'group.deleted': { type: 'user_group' },
  'member.added': { resource: ({ member }) => text(member) },
  'member.changed': { resource: ({ member }) => text(member) },
  'member.removed': { resource: ({ member }) => text(member) },
  'robot.secret-refreshed': { operation: 'update', resource: named, description: (of) => `give robot a new secret: ${named(of)}` },
  'audit-log.purged': { resource: () => 'audit_log', description: (of) => `purge audit log: ${text(of.removed)} entries from before ${text(of.before)}` },
  'configuration.updated': { resource: () => 'configuration', description: ({ changed }) => `update configuration: ${names(changed)}` },
  'signing-key.rotated': { resource: ({ keyId }) => text(keyId) },
  'queue.paused': { resource: ({ jobType }) => text(jobType) }, 'queue.resumed': { resource: ({ jobType }) => text(jobType) }, 'queue.cleared': { resource: ({ jobType }) => text(jobType) },
  'cache.forgotten': { resource: ({ resource, key }) => text(key) || text(resource) },
  'collection.scheduled': { resource: () => 'garbage_collection', description: scheduled('garbage collection') },
  'audit-purge.scheduled': { resource: () => 'audit_log', description: scheduled('the purge of the audit log') },
  'cve-allowlist.updated': { resource: ({ projectId }) => (projectId === null ? 'system' : text(projectId)) },
  'quota.exceeded': { isFailure: true, description: (of) => `refused for want of room in ${text(of.repository)}: ${text(of.details)}` },
  'scanner.chosen': { operation: 'update' },
  'webhook-target.failed': { isFailure: true, description: (of) => `a target of webhook policy ${named(of)} fails and is left to rest: ${text(of.why)}` },
  'webhook-target.recovered': { description: (of) => `a target of webhook policy ${named(of)} takes deliveries again` },
}

/** The event types that Harbor knows, first; a switch or a purge may name them and every other `<operation>_<resource type>`. */
const harborTypes = [
  'create_artifact', 'delete_artifact', 'pull_artifact', 'create_project', 'delete_project', 'delete_repository', 'login_user', 'logout_user',
  'create_user', 'delete_user', 'update_user', 'create_robot', 'delete_robot', 'update_configuration',
  'create_member', 'delete_member', 'update_member', 'update_project',
]

/** All event types that facts of these topics can have, Harbor's first. */
export function eventTypesOf(topics: Iterable<string>): string[] {
  return [...new Set([...harborTypes, ...[...topics].map(kindOf).map(({ type, operation }) => `${operation}_${type}`).sort()])]
}

/** `disabled_audit_log_event_types`: names with commas between. */
export function parseEventTypes(list: string): Set<string> {
  return new Set(list.split(',').map((one) => one.trim()).filter((one) => one !== ''))
}

/** Says which of the names is no event type; undefined when all are. */
export function strangeTypeIn(list: string, topics: Iterable<string>): string | undefined {
  const known = new Set(eventTypesOf(topics))
  const strange = [...parseEventTypes(list)].find((type) => !known.has(type))
  return strange === undefined ? undefined : `there is no event type ${JSON.stringify(strange.slice(0, 60))}, see /auditlog-exts/events`
}

export const eventTypeOf = ({ operation, resourceType }: Pick<Entry, 'operation' | 'resourceType'>): string => `${operation}_${resourceType}`

/** What stands in the log of a fact. */
export function entryOf({ id, topic, payload, occurredAt, address, requestId }: Told): Entry {
  const { type, operation } = kindOf(topic)
  const { resource = guessResource, description, isFailure } = namings[topic] ?? {}
  const { by, projectId, origin, ...rest } = payload
  const elsewhere = (origin ?? {}) as { address?: string; requestId?: string }
  const what = resource(payload).slice(0, 1024)
  const details = withoutSecrets({ ...rest, ...(origin ? { origin } : {}) })
  return {
    id, occurredAt, by: actorIn(by), projectId: typeof projectId === 'number' ? projectId : null, resourceType: type, resource: what, operation,
    description: (description?.(payload) ?? sentence(operation, type, what, payload)).slice(0, 2048), isSuccess: !isFailure,
    address: elsewhere.address ?? address, requestId: elsewhere.requestId ?? requestId, eventId: eventIn(payload) ?? eventIdOf({ id, topic, payload }), details,
  }
}

/** Of topics; others lose their -ed. */
const verbs: Readonly<Record<string, string>> = {
  created: 'create', changed: 'update', updated: 'update', deleted: 'delete', added: 'create', removed: 'delete', paused: 'pause', resumed: 'resume', purged: 'purge', forgotten: 'forget',
  scheduled: 'schedule', rotated: 'rotate', executed: 'execute', restored: 'restore', retried: 'retry',
}

/** `quota.updated` → quota, update. */
function kindOf(topic: string): { type: string; operation: string } {
  const [noun = '', verb = ''] = topic.split('.')
  const { type = noun.replaceAll('-', '_'), operation = verbs[verb] ?? verb.replace(/(p)ped$|ed$/, '$1').replaceAll('-', '_') } = namings[topic] ?? {}
  return { type, operation }
}

function guessResource(payload: Payload): string {
  const { name, repository } = payload
  if (typeof name === 'string' || typeof repository === 'string') return text(name ?? repository)
  const id = Object.entries(payload).find(([key, value]) => key !== 'projectId' && /id$/i.test(key) && (typeof value === 'number' || typeof value === 'string'))
  return id ? text(id[1]) : text(payload.projectId)
}

function sentence(operation: string, type: string, what: string, { changed }: Payload): string {
  const fields = names(changed)
  return `${operation} ${type.replaceAll('_', ' ')}: ${what}${fields ? ` (${fields})` : ''}`
}

/** Facts about an event's deliveries name it. */
const eventIn = ({ eventId }: Payload) => (typeof eventId === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(eventId) ? eventId : undefined)

const nobody: Actor = { kind: 'system', id: null, name: 'system' }
function actorIn(by: unknown): Actor {
  const { kind, id, name } = (by ?? {}) as Partial<Actor>
  return kind && typeof name === 'string' ? { kind, id: id ?? null, name: name.slice(0, 255) } : nobody
}

const largestDetails = 16 * 1024
const secretName = /secret|password|passwd|credential|private_?key|auth_?header|authorization|salt|(^|_)token$|token_value/i

/** What stands before the @ of a URL. */
const inUrl = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]*@/gi

/** Facts hold no secrets. Should one do so all the same, it stands here as `***` (H29, H38); so does whatever a URL says of who calls it. */
function withoutSecrets(details: Payload): Payload | null {
  const clean = JSON.stringify(details, (key, value: unknown) => (typeof value !== 'string' || value === '' ? value : secretName.test(key) ? '***' : value.replaceAll(inUrl, '$1***@')))
  if (clean === '{}') return null
  return clean.length > largestDetails ? { note: `too long to be kept: ${clean.length} characters` } : (JSON.parse(clean) as Payload)
}

/** Whether a pull is among the `percent` of pulls that are kept: the same answer each time for the same fact. */
export function isSampled(id: number, percent: number): boolean {
  // Knuth's multiplicative hash spreads neighbouring ids over all hundred.
  return percent >= 100 || ((id * 2654435761) % 2 ** 32) / 2 ** 32 < percent / 100
}
