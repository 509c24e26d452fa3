import type { Digest } from '../../../../oci/digest.ts'
import { neededBlobs } from '../../../../oci/manifest.ts'
import { isManifestType } from '../../../../oci/media-type.ts'
import type { Reference, RepositoryName } from '../../../../oci/reference.ts'
import type { ManifestRead } from '../../registry.ts'
import type { Asking } from './asking.ts'
import { parsed } from './keep.ts'
import type { Places } from './places.ts'
import type { Pulls } from './pulls.ts'
import type { CacheProject, Place, ProxyGround } from './types.ts'

/** `platforms`: which children of an index, such as `linux/arm64`; none: all. */
type PrefetchWish = { name: RepositoryName; reference: Reference; platforms: string[] }

/** Brings an image of the upstream here, whole. Returns how many of its blobs were fetched for it. */
export type Prefetch = (project: CacheProject, wish: PrefetchWish, signal: AbortSignal) => Promise<number>

type Parts = {
  asking: Asking
  pulls: Pulls
  places: Places
}

/** The most levels of indexes that are followed, as many as Marina stores. */
const deepest = 4

export function openPrefetch({ local, downloads }: ProxyGround, { asking, pulls, places }: Parts): Prefetch {
  return async (project, { name, reference, platforms }, signal) => {
    const place = await places.placeIn(project, name)
    const read =
      'tag' in reference
        ? await pulls.byTag(place, reference.tag, 'readManifest')
        : await pulls.byDigest(place, reference.digest, 'readManifest')
    return fetchAll(place, read as ManifestRead, { platforms, signal, depth: 0 })
  }

  type Walk = { platforms: string[]; signal: AbortSignal; depth: number }

  async function fetchAll(place: Place, read: ManifestRead, walk: Walk): Promise<number> {
    walk.signal.throwIfAborted()
    const manifest = parsed(read)
    if (!manifest || walk.depth > deepest) return 0
    let count = 0
    for (const { digest, size } of neededBlobs(manifest)) count += await fetchOne(place, digest, size, walk)
    for (const { digest, mediaType, platform } of manifest.children) {
      if (!isManifestType(mediaType) || !isWanted(platform, walk.platforms)) continue
      const child = (await pulls.byDigest(place, digest, 'readManifest')) as ManifestRead
      count += await fetchAll(place, child, { ...walk, depth: walk.depth + 1 })
    }
    return count
  }

  async function fetchOne(place: Place, digest: Digest, size: number, { signal }: Walk): Promise<number> {
    signal.throwIfAborted()
    const isHere = await local.statBlob(place.name, digest).then(Boolean, () => false)
    if (isHere) return 0
    const { project, rules, name } = place
    await downloads.fetch({ project, rules, name, digest, size, upstream: () => asking.open(place) })
    return 1
  }
}

/** `linux/arm64` takes `linux/arm64/v8`, too. */
function isWanted(platform: Record<string, unknown> | undefined, wanted: string[]): boolean {
  if (wanted.length === 0 || !platform) return true
  const { os, architecture, variant } = platform
  const name = [os, architecture, variant].filter(Boolean).join('/')
  return wanted.some((one) => name === one || name.startsWith(`${one}/`))
}
