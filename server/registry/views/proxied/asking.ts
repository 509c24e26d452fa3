import type { LRUCache } from 'lru-cache'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Digest } from '../../../../oci/digest.ts'
import type { RepositoryName, Tag } from '../../../../oci/reference.ts'
import { openLru } from '../../../platform/lru.ts'
import type { ManifestRead, ManifestStat } from '../../registry.ts'
import type { Remote } from '../../remote/types.ts'
import { UpstreamLate } from './breaker.ts'
import { findAny, statOf } from './here.ts'
import { parsed } from './keep.ts'
import { checkFilter, upstreamName } from './names.ts'
import { findKnownTag, noteChecked, saveManifest, saveTag, type KnownTag } from './store.ts'
import { isAbsence, UpstreamPaused } from './trouble.ts'
import type { Keeper, Place, ProxyGround, Upstream } from './types.ts'

type Ask<Answer> = (remote: Remote, name: RepositoryName) => Promise<Answer>

/** Calls of the upstream on behalf of pulls. Callers that want the same thing share one call (single flight). */
export interface Asking {
  /** What the tag names now; with the manifest itself where that had to be fetched. Saves it. */
  tag(place: Place, tag: Tag, known: KnownTag | undefined, needsBytes: boolean): Promise<ManifestStat | ManifestRead>
  /** A manifest by its digest. Saves it. */
  manifest(place: Place, digest: Digest): Promise<ManifestRead>
  /** Any other question, within `askMs`, unless the upstream is left alone. */
  any<Answer>(place: Place, ask: Ask<Answer>): Promise<Answer>
  /** The upstream, when it may be asked for this repository. Throws UpstreamPaused or DENIED. */
  open(place: Place): Promise<Upstream>
  /** When the upstream confirmed this tag last, as far as this process knows; ms since 1970. */
  confirmedAt(place: Place, tag: Tag, known: KnownTag): number
}

/** The most tags of which a process remembers when the upstream confirmed them. */
const mostConfirmed = 50_000

type State = {
  ground: ProxyGround
  keeper: Keeper
  /** `since`: the time in the row that was confirmed; with another row it says nothing. */
  confirmed: LRUCache<string, { since: number; at: number }>
}

export function openAsking(ground: ProxyGround, keeper: Keeper): Asking {
  const state: State = { ground, keeper, confirmed: openLru(mostConfirmed) }
  const flights = new Map<string, Promise<unknown>>()
  const together = <Answer>(key: string, work: () => Promise<Answer>): Promise<Answer> => {
    const known = flights.get(key)
    if (known) return known as Promise<Answer>
    const flight = work().finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }
  return {
    open: (place) => open(ground, place),
    any: (place, ask) => askAny(ground, place, ask),
    tag: (place, tag, known, needsBytes) =>
      together<ManifestStat | ManifestRead>(`${place.name}:${tag}`, async () => {
        const told = await justTold(ground, place, tag, known)
        if (told) return told
        return needsBytes && !known ? readTag(state, place, tag) : statTag(state, place, tag, known)
      }),
    manifest: (place, digest) =>
      together(`${place.name}@${digest}`, async () => {
        const here = await findAny(ground, place.name, digest, 'readManifest')
        if (here) return here as ManifestRead
        const read = await askAny(ground, place, async (remote, at) => remote.readManifest(at, { digest }))
        return save(state, place, read)
      }),
    confirmedAt({ name }, tag, { checkedAt }) {
      const found = state.confirmed.get(`${name}:${tag}`)
      return found?.since === checkedAt ? found.at : checkedAt
    },
  }
}

async function open({ breaker, openUpstream }: ProxyGround, { project, rules, name }: Place): Promise<Upstream> {
  const { endpointId } = project
  const pausedMs = breaker.pausedMs(endpointId)
  if (pausedMs > 0) throw new UpstreamPaused(rules.upstream.name, pausedMs, breaker.isThrottled(endpointId))
  checkFilter(rules, project, name)
  return openUpstream(endpointId)
}

async function askAny<Answer>(ground: ProxyGround, place: Place, ask: Ask<Answer>): Promise<Answer> {
  const { breaker, limits } = ground
  const { endpointId } = place.project
  const { asks } = await open(ground, place)
  const ending = new AbortController()
  const late = new UpstreamLate(`${place.rules.upstream.name} has not answered in ${limits.askMs} ms`)
  try {
    const answer = ask(asks.until(ending.signal), upstreamName(place.name))
    const timeout = sleep(limits.askMs, undefined, { signal: ending.signal }).then(() => Promise.reject(late))
    timeout.catch(() => {})
    const found = await Promise.race([answer, timeout])
    breaker.worked(endpointId)
    return found
  } catch (error) {
    if (isAbsence(error)) breaker.worked(endpointId)
    else breaker.failed(endpointId, error)
    throw error
  } finally {
    ending.abort()
  }
}

/** What the upstream has said since this caller looked: the call that it wanted to join has just ended. */
async function justTold({ reader }: ProxyGround, { name }: Place, tag: Tag, known: KnownTag | undefined) {
  const now = await findKnownTag(reader, name, tag)
  const isNewer = now && now.goneAt === null && (!known || now.checkedAt > known.checkedAt)
  return isNewer ? statOf(now) : undefined
}

/** A tag that nobody has asked for yet: one request brings its manifest. */
async function readTag(state: State, place: Place, tag: Tag): Promise<ManifestRead> {
  const read = await askAny(state.ground, place, async (remote, at) => remote.readManifest(at, { tag }))
  return save(state, place, read, tag)
}

/** What a tag names now, by HEAD, which upstreams do not count as a pull. */
async function statTag(
  { ground, confirmed }: State,
  place: Place,
  tag: Tag,
  known: KnownTag | undefined,
): Promise<ManifestStat> {
  const { project, name } = place
  const stat = await askAny(ground, place, (remote, at) => remote.statManifest(at, { tag }, known && statOf(known)))
  // Read again: another process may have noted more meanwhile.
  const now = await findKnownTag(ground.reader, name, tag)
  if (now && now.digest === stat.digest && now.goneAt === null) {
    confirmed.set(`${name}:${tag}`, { since: now.checkedAt, at: Date.now() })
    await noteChecked(ground.db, name, tag)
  } else await ground.db.transaction((tx) => saveTag(tx, project.id, name, tag, stat))
  return stat
}

async function save({ ground, keeper }: State, { project, name }: Place, read: ManifestRead, tag?: Tag) {
  const { digest, mediaType, content } = read
  const manifest = parsed(read)
  await ground.db.transaction(async (tx) => {
    await saveManifest(tx, project.id, name, read, manifest)
    if (tag) await saveTag(tx, project.id, name, tag, { digest, mediaType, size: content.length })
  })
  keeper.saved(name, read)
  return read
}
