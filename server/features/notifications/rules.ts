import { isDigest, type Digest } from '../../../oci/digest.ts'
import { isManifestType } from '../../../oci/media-type.ts'
import { isRepositoryName, isTag, type RepositoryName, type Tag } from '../../../oci/reference.ts'

/** One thing that happened to a manifest in another registry (S4-04). */
export type RegistryEvent = {
  id: string
  action: 'push' | 'pull' | 'delete'
  repository: RepositoryName
  /** Undefined when a delete names a tag alone. */
  digest: Digest | undefined
  tag: Tag | undefined
  mediaType: string
  size: number
  /** The account in that registry; empty when that registry has no logins. */
  actor: string
  /** When it happened, by the clock of that registry. */
  at: string
  /**
   * `source`: that registry's name, `host:port`. `address` and `requestId`: of the client's request to that registry.
   */
  source: string
  address: string
  requestId: string
}

/** The most events in one envelope; a registry sends single events or small batches. */
const eventLimit = 1000

/** The body is not an envelope of events; the message says why. */
export class BadEnvelope extends Error {
  override name = 'BadEnvelope'
}

/**
 * Reads the events about manifests from an envelope (`application/vnd.docker.distribution.events.v1+json`, S4-05).
 * Pushes and pulls of layers, HEAD requests, mounts and malformed events are only counted in `passedOver`: refusing the
 * envelope would make the registry send it again for ever.
 */
export function parseEnvelope(text: string): { events: RegistryEvent[]; passedOver: number } {
  const events = envelopeOf(text)
  const read = events.map(readEvent).filter((event) => event !== undefined)
  return { events: read, passedOver: events.length - read.length }
}

function envelopeOf(text: string): unknown[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new BadEnvelope('the body is not JSON')
  }
  const events = isRecord(parsed) ? parsed['events'] : undefined
  if (!Array.isArray(events)) throw new BadEnvelope('the body is no envelope of events: it has no list "events"')
  if (events.length > eventLimit) throw new BadEnvelope(`an envelope may hold ${eventLimit} events`)
  return events
}

function readEvent(event: unknown): RegistryEvent | undefined {
  if (!isRecord(event)) return undefined
  const [target, request, actor, source] = ['target', 'request', 'actor', 'source'].map((name) =>
    isRecord(event[name]) ? event[name] : {},
  ) as [Fields, Fields, Fields, Fields]
  const [id, action, repository, mediaType] = [
    textOf(event['id'], 255),
    textOf(event['action']),
    textOf(target['repository']),
    textOf(target['mediaType']),
  ]
  const [digest, tag] = [textOf(target['digest']), textOf(target['tag'])]
  if (id === '' || !isRepositoryName(repository) || !repository.includes('/') || !isAction(action)) return undefined
  // The registry names a media type for pushes and pulls, but not for deletes.
  if (action !== 'delete' && (!isManifestType(mediaType) || !isDigest(digest) || request['method'] === 'HEAD'))
    return undefined
  if (action === 'delete' && !isDigest(digest) && !isTag(tag)) return undefined
  const size = Number(target['size'] ?? target['length'] ?? 0)
  return {
    id,
    action,
    repository,
    mediaType,
    digest: isDigest(digest) ? digest : undefined,
    tag: isTag(tag) ? tag : undefined,
    size: Number.isSafeInteger(size) && size >= 0 ? size : 0,
    actor: textOf(actor['name'], 255),
    at: timeOf(event['timestamp']),
    source: textOf(source['addr'], 255),
    address: hostOf(textOf(request['addr'], 255)),
    requestId: textOf(request['id'], 255),
  }
}

type Fields = Record<string, unknown>

const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isAction = (text: string): text is RegistryEvent['action'] =>
  text === 'push' || text === 'pull' || text === 'delete'

/** Empty for a text that PostgreSQL cannot store: one with a NUL or with half of a surrogate pair. */
function textOf(value: unknown, limit = 1000): string {
  return typeof value === 'string' && value.length <= limit && !value.includes('\0') && value.isWellFormed()
    ? value
    : ''
}

/** A host without its port, as the audit log shows addresses. */
function hostOf(address: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(address)?.[1] ?? /^([^:]+):\d+$/.exec(address)?.[1] ?? address
}

/** The time of an event; now when it is missing, in the future, or before 1970. */
function timeOf(value: unknown): string {
  const [time, now] = [typeof value === 'string' ? Date.parse(value) : NaN, Date.now()]
  return new Date(time > 0 && time < now ? time : now).toISOString()
}
