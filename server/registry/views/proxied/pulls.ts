import type { Digest } from '../../../../oci/digest.ts'
import { OciError } from '../../../../oci/errors.ts'
import type { RepositoryName, Tag } from '../../../../oci/reference.ts'
import { findTag } from '../../../catalog/tag.ts'
import { andThen, type Maybe } from '../../../platform/maybe.ts'
import type { ManifestRead, ManifestStat } from '../../registry.ts'
import type { Asking, Place } from './asking.ts'
import { UpstreamLate } from './breaker.ts'
import { proxyActor, type Keeper } from './keep.ts'
import { upstreamName } from './names.ts'
import { findKnownTag, findWaiting, forgetTags, noteGone, type KnownTag } from './store.ts'
import { goneText, isAbsence, staleText, toClient } from './trouble.ts'
import type { ProxyGround } from './types.ts'

type Found = ManifestRead | ManifestStat
/** `readManifest` for GET, `statManifest` for HEAD. */
export type Verb = 'readManifest' | 'statManifest'

/** Manifests of a cache: from here while they are fresh, else as the upstream says, or as it last said. */
export interface Pulls {
  /** No promise for a fresh tag in the memory cache. */
  byTag(place: Place, tag: Tag, verb: Verb): Maybe<Found>
  byDigest(place: Place, digest: Digest, verb: Verb): Promise<Found>
}

export function openPulls(ground: ProxyGround, asking: Asking, keeper: () => Keeper): Pulls {
  const { reader, local, counts, db } = ground
  return { byTag, byDigest }

  function byTag(place: Place, tag: Tag, verb: Verb): Maybe<Found> {
    return andThen(findKnownTag(reader, place.name, tag), (known) => {
      if (!known || !isFresh(place, tag, known)) return ask(place, tag, known, verb)
      if (known.goneAt !== null) return ofGone(place, tag, known, verb)
      return andThen(findHere(place, tag, known, verb), (here) => {
        if (!here) return ask(place, tag, known, verb)
        counts.served(place.project, 'hits')
        return here
      })
    })
  }

  function isFresh(place: Place, tag: Tag, known: KnownTag): boolean {
    const { freshMs, isFixed } = place.rules
    if (known.goneAt === null && isFixed(tag)) return true
    return freshMs > 0 && Date.now() - asking.confirmedAt(place, tag, known) < freshMs
  }

  /** What the tag named when the upstream was asked last, if that is here; a HEAD needs no bytes. */
  function findHere({ name }: Place, tag: Tag, known: KnownTag, verb: Verb): Maybe<Found | undefined> {
    const { digest } = known
    return andThen(findTag(reader, name, tag), (found) => {
      if (found?.digest === digest) return local[verb](name, { digest })
      if (verb === 'statManifest') return statOf(known)
      return findWaiting(reader, name, digest)
    })
  }

  /** Asks the upstream; serves what is here when it is in trouble. */
  async function ask(place: Place, tag: Tag, known: KnownTag | undefined, verb: Verb): Promise<Found> {
    const { project, rules, name } = place
    const here = await findOld(place, tag, known, verb)
    if (here && (await ground.isImmutable(project, name, tag))) return counted(place, 'hits', here)
    try {
      return await within(here && ground.limits.waitMs, place, newestOf(place, tag, known, verb))
    } catch (error) {
      if (error instanceof UpstreamLate) ground.breaker.failed(project.endpointId, error)
      if (isAbsence(error)) {
        if (!known) throw error
        return gone(place, tag, known, verb)
      }
      if (!here) throw toClient(error, rules.upstream.name, name)
      const since = known ? asking.confirmedAt(place, tag, known) : 0
      return counted(place, 'stale', { ...here, warning: staleText(rules.upstream.name, error, since) })
    }
  }

  async function newestOf(place: Place, tag: Tag, known: KnownTag | undefined, verb: Verb): Promise<Found> {
    const { name } = place
    const newest = await asking.tag(place, tag, known, verb === 'readManifest')
    if (verb === 'statManifest') return counted(place, 'hits', statOf(newest))
    if ('content' in newest) return counted(place, 'misses', newest)
    const { digest } = newest
    const found = await findAny(name, digest, verb)
    if (!found) return counted(place, 'misses', await asking.manifest(place, digest))
    // It is here under another tag, or as a part of an index: the tag is moved behind this answer.
    const isTagged = (await findTag(reader, name, tag))?.digest === digest
    if (!isTagged) keeper().saved(name, found as ManifestRead)
    return counted(place, 'hits', found)
  }

  /** What could be served if the upstream were in trouble: the last known manifest, or that of the tag as it is here. */
  async function findOld(place: Place, tag: Tag, known: KnownTag | undefined, verb: Verb): Promise<Found | undefined> {
    const { name } = place
    const tagged = await findTag(reader, name, tag)
    if (known) {
      const waiting = await findWaiting(reader, name, known.digest)
      const found = tagged?.digest === known.digest ? await findLocal(name, known.digest, verb) : waiting
      if (found) return verb === 'readManifest' ? found : statOf(known)
    }
    return tagged && findLocal(name, tagged.digest, verb)
  }

  /** The upstream has just said that it has no such tag. */
  async function gone(place: Place, tag: Tag, known: KnownTag, verb: Verb): Promise<Found> {
    const { name, rules, project } = place
    if (rules.whenGone === 'delete') {
      // A rule may hold the tag fast: then it stays, and is served no more.
      await local.deleteTag(name, proxyActor, tag).catch((error: unknown) => {
        if (!(error instanceof OciError)) throw error
      })
      await db.transaction((tx) => forgetTags(tx, project.id, name, tag))
      throw absent(place, tag)
    }
    await noteGone(db, name, tag)
    return ofGone(place, tag, { ...known, goneAt: known.goneAt ?? Date.now() }, verb)
  }

  /** A tag of which the upstream said that it has it no more. */
  async function ofGone(place: Place, tag: Tag, known: KnownTag, verb: Verb): Promise<Found> {
    const { upstream, whenGone } = place.rules
    const here = whenGone === 'keep' ? await findOld(place, tag, known, verb) : undefined
    if (!here) throw absent(place, tag)
    return counted(place, 'stale', { ...here, warning: goneText(upstream.name, known.goneAt!) })
  }

  async function byDigest(place: Place, digest: Digest, verb: Verb): Promise<Found> {
    const { name, rules } = place
    const here = await findAny(name, digest, verb)
    if (here) return verb === 'readManifest' || !('content' in here) ? here : statOf(here)
    try {
      if (verb === 'readManifest') return await asking.manifest(place, digest)
      return await asking.any(place, async (remote, at) => remote.statManifest(at, { digest }))
    } catch (error) {
      throw toClient(error, rules.upstream.name, name)
    }
  }

  /** What is here, whole or not. Looked for twice: it may become an artifact between the two looks. */
  async function findAny(name: RepositoryName, digest: Digest, verb: Verb): Promise<Found | undefined> {
    const found = (await findLocal(name, digest, verb)) ?? (await findWaiting(reader, name, digest))
    return found ?? findLocal(name, digest, verb)
  }

  /** An artifact; undefined when it is none. */
  async function findLocal(name: RepositoryName, digest: Digest, verb: Verb): Promise<Found | undefined> {
    try {
      return await local[verb](name, { digest })
    } catch (error) {
      if (error instanceof OciError && error.status === 404) return undefined
      throw error
    }
  }

  function counted(place: Place, how: 'hits' | 'misses' | 'stale', found: Found): Found {
    counts.served(place.project, how)
    return found
  }
}

function statOf(found: Found): ManifestStat {
  const { digest, mediaType } = found
  return { digest, mediaType, size: 'content' in found ? found.content.length : found.size }
}

/** Waits at most `waitMs`; without it, as long as the work takes. The work goes on for the next caller. */
async function within<Result>(waitMs: number | undefined, { rules }: Place, work: Promise<Result>): Promise<Result> {
  if (waitMs === undefined) return work
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const why = `${rules.upstream.name} has not answered in ${waitMs} ms`
    timer = setTimeout(() => reject(new UpstreamLate(why)), waitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function absent({ rules, name }: Place, tag: Tag): OciError {
  const why = `${rules.upstream.name} has no tag ${tag} of ${upstreamName(name)} any more`
  return new OciError('MANIFEST_UNKNOWN', why, { detail: { tag } })
}
