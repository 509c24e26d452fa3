import { setTimeout as sleep } from 'node:timers/promises'
import type { Digest } from '../../../../oci/digest.ts'
import type { RepositoryName, Tag } from '../../../../oci/reference.ts'
import { LRUCache } from 'lru-cache'
import type { ManifestRead, ManifestStat } from '../../registry.ts'
import type { Remote } from '../../remote/types.ts'
import { UpstreamLate } from './breaker.ts'
import { parsed, type Keeper } from './keep.ts'
import { checkFilter, upstreamName } from './names.ts'
import { findKnownTag, noteChecked, saveManifest, saveTag, type KnownTag } from './store.ts'
import { isAbsence, UpstreamPaused } from './trouble.ts'
import type { CacheRules } from './rules.ts'
import type { CacheProject, ProxyGround, Upstream } from './types.ts'

/** A repository of a cache. `name`: as it is kept here. */
export type Place = { project: CacheProject; rules: CacheRules; name: RepositoryName }

/** Calls of the upstream on behalf of pulls. Callers that want the same thing share one call (single flight). */
export interface Asking {
  /** What the tag names now; `read` when the manifest itself had to be fetched. Saves it. */
  tag(place: Place, tag: Tag, known: KnownTag | undefined, needsBytes: boolean): Promise<ManifestStat | ManifestRead>
  /** A manifest by its digest. Saves it. */
  manifest(place: Place, digest: Digest): Promise<ManifestRead>
  /** Any other question, within `askMs`, unless the upstream is left alone. */
  any<Answer>(place: Place, ask: (remote: Remote, name: RepositoryName) => Promise<Answer>): Promise<Answer>
  /** The upstream, when it may be asked for this repository. Throws UpstreamPaused or DENIED. */
  open(place: Place): Promise<Upstream>
  /** When the upstream confirmed this tag last, as far as this process knows; ms since 1970. */
  confirmedAt(place: Place, tag: Tag, known: KnownTag): number
}

/** The most tags of which a process remembers when the upstream confirmed them. */
const mostConfirmed = 50_000

export function openAsking(ground: ProxyGround, keeper: () => Keeper): Asking {
  const { db, reader, breaker, limits } = ground
  /** `since`: the time in the row that was confirmed; with another row it says nothing. */
  const confirmed = new LRUCache<string, { since: number; at: number }>({ max: mostConfirmed })
  const flights = new Map<string, Promise<unknown>>()
  const together = <Answer>(key: string, work: () => Promise<Answer>): Promise<Answer> => {
    const known = flights.get(key)
    if (known) return known as Promise<Answer>
    const flight = work().finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }

  const open = async ({ project, rules, name }: Place): Promise<Upstream> => {
    const pausedMs = breaker.pausedMs(project.endpointId)
    if (pausedMs > 0) throw new UpstreamPaused(rules.upstream.name, pausedMs, breaker.isThrottled(project.endpointId))
    checkFilter(rules, project, name)
    return ground.openUpstream(project.endpointId)
  }

  const any = async <Answer>(place: Place, ask: (remote: Remote, name: RepositoryName) => Promise<Answer>) => {
    const { endpointId } = place.project
    const { asks } = await open(place)
    const { name } = place.rules.upstream
    const ending = new AbortController()
    const late = new UpstreamLate(`${name} has not answered in ${limits.askMs} ms`)
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

  const save = async ({ project, name }: Place, read: ManifestRead, tag?: Tag) => {
    const { digest, mediaType, content } = read
    const manifest = parsed(read)
    await db.transaction(async (tx) => {
      await saveManifest(tx, project.id, name, read, manifest)
      if (tag) await saveTag(tx, project.id, name, tag, { digest, mediaType, size: content.length })
    })
    keeper().saved(name, read)
  }

  return {
    open,
    any,
    confirmedAt({ name }, tag, { checkedAt }) {
      const found = confirmed.get(`${name}:${tag}`)
      return found?.since === checkedAt ? found.at : checkedAt
    },

    tag: (place, tag, known, needsBytes) =>
      together(`${place.name}:${tag}`, async () => {
        const { project, name } = place
        if (needsBytes && !known) {
          const read = await any(place, async (remote, at) => remote.readManifest(at, { tag }))
          await save(place, read, tag)
          return read
        }
        const stat = await any(place, async (remote, at) => remote.statManifest(at, { tag }))
        // Read again: another process may have noted more meanwhile.
        const now = await findKnownTag(reader, name, tag)
        if (now && now.digest === stat.digest && now.goneAt === null) {
          confirmed.set(`${name}:${tag}`, { since: now.checkedAt, at: Date.now() })
          await noteChecked(db, name, tag)
        } else await db.transaction((tx) => saveTag(tx, project.id, name, tag, stat))
        return stat
      }),

    manifest: (place, digest) =>
      together(`${place.name}@${digest}`, async () => {
        const read = await any(place, async (remote, at) => remote.readManifest(at, { digest }))
        await save(place, read)
        return read
      }),
  }
}
