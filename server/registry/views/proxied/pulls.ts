import type { Digest } from '../../../../oci/digest.ts'
import { OciError } from '../../../../oci/errors.ts'
import type { Tag } from '../../../../oci/reference.ts'
import { findTag } from '../../../catalog/tag.ts'
import { andThen, type Maybe } from '../../../platform/maybe.ts'
import type { ManifestRead } from '../../registry.ts'
import { proxyActor } from './actor.ts'
import type { Asking } from './asking.ts'
import { UpstreamLate } from './breaker.ts'
import { findAny, findHere, findOld, statOf, type Found, type Verb } from './here.ts'
import { upstreamName } from './names.ts'
import { findKnownTag, forgetTags, noteGone, type KnownTag } from './store.ts'
import { goneText, isAbsence, staleText, toClient } from './trouble.ts'
import type { Keeper, Place, ProxyGround } from './types.ts'
import { within } from './waiting.ts'

/** Manifests of a cache: from here while they are fresh, else as the upstream says, or as it last said. */
export interface Pulls {
  /** No promise for a fresh tag in the memory cache. */
  byTag(place: Place, tag: Tag, verb: Verb): Maybe<Found>
  byDigest(place: Place, digest: Digest, verb: Verb): Promise<Found>
}

type Parts = { ground: ProxyGround; asking: Asking; keeper: Keeper }
/** One pull of a tag; `known`: what the upstream said last. */
type Pull = { place: Place; tag: Tag; known: KnownTag | undefined; verb: Verb }

export function openPulls(parts: Parts): Pulls {
  return {
    byTag: (place, tag, verb) =>
      andThen(findKnownTag(parts.ground.reader, place.name, tag), (known) =>
        pullTag(parts, { place, tag, known, verb }),
      ),
    byDigest: (place, digest, verb) => pullDigest(parts, place, digest, verb),
  }
}

function pullTag(parts: Parts, pull: Pull): Maybe<Found> {
  const { place, tag, known, verb } = pull
  if (!known || !isFresh(parts.asking, place, tag, known)) return ask(parts, pull)
  if (known.goneAt !== null) return ofGone(parts, pull, known.goneAt)
  return andThen(findHere(parts.ground, place.name, tag, known, verb), (here) =>
    here ? counted(parts, place, 'hits', here) : ask(parts, pull),
  )
}

function isFresh(asking: Asking, place: Place, tag: Tag, known: KnownTag): boolean {
  const { freshMs, isFixed } = place.rules
  if (known.goneAt === null && isFixed(tag)) return true
  return freshMs > 0 && Date.now() - asking.confirmedAt(place, tag, known) < freshMs
}

/** Asks the upstream; serves what is here when it is in trouble. */
async function ask(parts: Parts, pull: Pull): Promise<Found> {
  const { ground, asking } = parts
  const { place, tag, known, verb } = pull
  const { project, rules, name } = place
  const here = await findOld(ground, name, tag, known, verb)
  if (here && (await ground.isImmutable(project, name, tag))) return counted(parts, place, 'hits', here)
  try {
    return await within(here && ground.limits.waitMs, rules.upstream.name, newest(parts, pull))
  } catch (error) {
    if (error instanceof UpstreamLate) ground.breaker.failed(project.endpointId, error)
    if (isAbsence(error) && known) return gone(parts, pull, known)
    if (isAbsence(error) || !here) throw toClient(error, rules.upstream.name, name)
    const since = known ? asking.confirmedAt(place, tag, known) : 0
    return counted(parts, place, 'stale', { ...here, warning: staleText(rules.upstream.name, error, since) })
  }
}

/** What the upstream says that the tag names now. */
async function newest(parts: Parts, { place, tag, known, verb }: Pull): Promise<Found> {
  const { ground, asking, keeper } = parts
  const { name } = place
  const told = await asking.tag(place, tag, known, verb === 'readManifest')
  if (verb === 'statManifest') return counted(parts, place, 'hits', statOf(told))
  if ('content' in told) return counted(parts, place, 'misses', told)
  const found = await findAny(ground, name, told.digest, verb)
  if (!found) return counted(parts, place, 'misses', await asking.manifest(place, told.digest))
  // It is here under another tag, or as a part of an index: the tag is moved behind this answer.
  const isTagged = (await findTag(ground.reader, name, tag))?.digest === told.digest
  if (!isTagged) keeper.saved(name, found as ManifestRead)
  return counted(parts, place, 'hits', found)
}

/** The upstream has just said that it has no such tag (any more). */
async function gone(parts: Parts, pull: Pull, known: KnownTag): Promise<Found> {
  const { db, local } = parts.ground
  const { place, tag } = pull
  const { name, rules, project } = place
  if (rules.whenGone !== 'delete') {
    await noteGone(db, name, tag)
    return ofGone(parts, pull, known.goneAt ?? Date.now())
  }
  // A rule may hold the tag fast: then it stays, and is served no more.
  await local.deleteTag(name, proxyActor, tag).catch((error: unknown) => {
    if (!(error instanceof OciError)) throw error
  })
  await db.transaction((tx) => forgetTags(tx, project.id, name, tag))
  throw absent(place, tag)
}

/** A tag that the upstream has no more. */
async function ofGone(parts: Parts, { place, tag, known, verb }: Pull, goneAt: number): Promise<Found> {
  const { upstream, whenGone } = place.rules
  const here = whenGone === 'keep' ? await findOld(parts.ground, place.name, tag, known, verb) : undefined
  if (!here) throw absent(place, tag)
  return counted(parts, place, 'stale', { ...here, warning: goneText(upstream.name, goneAt) })
}

async function pullDigest({ ground, asking }: Parts, place: Place, digest: Digest, verb: Verb): Promise<Found> {
  const { name, rules } = place
  const here = await findAny(ground, name, digest, verb)
  if (here) return verb === 'readManifest' || !('content' in here) ? here : statOf(here)
  try {
    if (verb === 'readManifest') return await asking.manifest(place, digest)
    return await asking.any(place, async (remote, at) => remote.statManifest(at, { digest }))
  } catch (error) {
    throw toClient(error, rules.upstream.name, name)
  }
}

function counted({ ground }: Parts, { project }: Place, how: 'hits' | 'misses' | 'stale', found: Found): Found {
  ground.counts.served(project, how)
  return found
}

function absent({ rules, name }: Place, tag: Tag): OciError {
  const why = `${rules.upstream.name} has no tag ${tag} of ${upstreamName(name)} any more`
  return new OciError('MANIFEST_UNKNOWN', why, { detail: { tag } })
}
