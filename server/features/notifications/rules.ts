import { isDigest, type Digest } from '../../../oci/digest.ts'
import { isManifestType } from '../../../oci/media-type.ts'
import { isRepositoryName, isTag, type RepositoryName, type Tag } from '../../../oci/reference.ts'

/** One thing that happened to a manifest in another registry (S4-04). */
export type RegistryEvent = {
  id: string
  action: 'push' | 'pull' | 'delete'
  repository: RepositoryName
  /** A delete may name a tag alone. */
  digest: Digest | undefined
  tag: Tag | undefined
  mediaType: string
  size: number
  /** Who did it there, as that registry knows him; empty when it asks nobody for a name. */
  actor: string
  /** When it happened, by that registry's clock. */
  at: string
  /** The registry's own name for itself, `host:port`; where the request to it came from; the id it had there. */
  source: string
  address: string
  requestId: string
}

/** Events in one envelope; a registry sends them one by one or in small batches. */
const eventLimit = 1000

/** The body is no envelope; the message says why. */
export class BadEnvelope extends Error {
  override name = 'BadEnvelope'
}

/**
 * The events of an envelope (`application/vnd.docker.distribution.events.v1+json`) that speak of manifests (S4-05). Pushes and pulls of
 * layers, HEAD requests, mounts and what cannot be read are counted in `passedOver`: a registry can do nothing about them.
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
  // The registry says no media type of what was deleted; of what was pushed or pulled it does.
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

/** PostgreSQL keeps no NUL and no half of a surrogate pair; a name with one is as good as none. */
function textOf(value: unknown, limit = 1000): string {
  return typeof value === 'string' && value.length <= limit && !value.includes('\0') && value.isWellFormed()
    ? value
    : ''
}

/** Without the port, as everywhere else in the log. */
function hostOf(address: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(address)?.[1] ?? /^([^:]+):\d+$/.exec(address)?.[1] ?? address
}

/** Now, where it says no time or one that cannot be: to come, or before there were registries. */
function timeOf(value: unknown): string {
  const [time, now] = [typeof value === 'string' ? Date.parse(value) : NaN, Date.now()]
  return new Date(time > 0 && time < now ? time : now).toISOString()
}
