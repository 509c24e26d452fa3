import type { Digest } from '../../../../oci/digest.ts'
import { OciError } from '../../../../oci/errors.ts'
import type { RepositoryName, Tag } from '../../../../oci/reference.ts'
import { findTag } from '../../../catalog/tag.ts'
import { andThen, type Maybe } from '../../../platform/maybe.ts'
import type { ManifestRead, ManifestStat } from '../../registry.ts'
import { findWaiting, type KnownTag } from './store.ts'
import type { ProxyLent } from './types.ts'

export type Found = ManifestRead | ManifestStat
/** `readManifest` for GET, `statManifest` for HEAD. */
export type Verb = 'readManifest' | 'statManifest'

type Ground = Pick<ProxyLent, 'reader' | 'local'>

/** What the tag named when the upstream was asked last, if that is here; a HEAD needs no bytes. */
export function findHere(
  { reader, local }: Ground,
  name: RepositoryName,
  tag: Tag,
  known: KnownTag,
  verb: Verb,
): Maybe<Found | undefined> {
  const { digest } = known
  return andThen(findTag(reader, name, tag), (found) => {
    if (found?.digest === digest) return local[verb](name, { digest })
    if (verb === 'statManifest') return statOf(known)
    return findWaiting(reader, name, digest)
  })
}

/** What can be served while the upstream is in trouble: the last known manifest, or what the tag names here. */
export async function findOld(
  ground: Ground,
  name: RepositoryName,
  tag: Tag,
  known: KnownTag | undefined,
  verb: Verb,
): Promise<Found | undefined> {
  const tagged = await findTag(ground.reader, name, tag)
  if (known) {
    const isTagged = tagged?.digest === known.digest
    const look = isTagged ? findLocal(ground, name, known.digest, verb) : findWaiting(ground.reader, name, known.digest)
    const found = await look
    if (found) return verb === 'readManifest' ? found : statOf(known)
  }
  return tagged && findLocal(ground, name, tagged.digest, verb)
}

/** What is here, whole or not. Looked for twice: it may become an artifact between the two looks. */
export async function findAny(
  ground: Ground,
  name: RepositoryName,
  digest: Digest,
  verb: Verb,
): Promise<Found | undefined> {
  const found = (await findLocal(ground, name, digest, verb)) ?? (await findWaiting(ground.reader, name, digest))
  return found ?? findLocal(ground, name, digest, verb)
}

/** An artifact; undefined when it is none. */
async function findLocal(
  { local }: Pick<Ground, 'local'>,
  name: RepositoryName,
  digest: Digest,
  verb: Verb,
): Promise<Found | undefined> {
  try {
    return await local[verb](name, { digest })
  } catch (error) {
    if (error instanceof OciError && error.status === 404) return undefined
    throw error
  }
}

export function statOf(found: Found): ManifestStat {
  const { digest, mediaType } = found
  return { digest, mediaType, size: 'content' in found ? found.content.length : found.size }
}
