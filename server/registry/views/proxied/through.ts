import type { Digest } from '../../../../oci/digest.ts'
import { OciError } from '../../../../oci/errors.ts'
import type { Reference, RepositoryName } from '../../../../oci/reference.ts'
import { findBlob } from '../../../catalog/blob.ts'
import { findTag } from '../../../catalog/tag.ts'
import type { ByteRange } from '../../../platform/blobs/blobs.ts'
import { andThen, type Maybe } from '../../../platform/maybe.ts'
import type { ManifestRead, ManifestStat, Registry } from '../../registry.ts'
import type { Through } from '../view.ts'
import type { BlobPulls } from './blobs.ts'
import type { CacheCounts } from './counts.ts'
import type { Verb } from './here.ts'
import type { Lists } from './lists.ts'
import type { Places } from './places.ts'
import type { Pulls } from './pulls.ts'
import type { Place, ProxyLent } from './types.ts'

type Parts = Pick<ProxyLent, 'local' | 'reader'> & {
  counts: CacheCounts
  places: Places
  pulls: Pulls
  blobs: BlobPulls
  lists: Lists
}

/** Manifests, by digest or tag. A project that is no cache costs no look-up more than without the view. */
export function readingManifests({ local, reader, places, pulls }: Parts) {
  const find = (name: RepositoryName, reference: Reference, verb: Verb): Maybe<ManifestRead | ManifestStat> => {
    if ('digest' in reference) {
      const inCache = (place: Place) => beside(name, place, pulls.byDigest(place, reference.digest, verb))
      return orElse(local[verb](name, reference), (rethrow) => places.either(name, inCache, rethrow))
    }
    const { tag } = reference
    return andThen(findTag(reader, name, tag), (found) => {
      if (found && !found.isProxied) return local[verb](name, { digest: found.digest })
      const inCache = (place: Place) => beside(name, place, pulls.byTag(place, tag, verb))
      return places.either(name, inCache, () => local[verb](name, reference))
    })
  }
  return {
    readManifest: (name, reference) => find(name, reference, 'readManifest') as Maybe<ManifestRead>,
    statManifest: (name, reference) => find(name, reference, 'statManifest') as Maybe<ManifestStat>,
  } satisfies Through
}

export function readingBlobs({ local, reader, counts, places, blobs }: Parts) {
  /** Counts a blob that a cache need not fetch. Nobody looks for the project before a cache was used. */
  const saved = <Result>(
    name: RepositoryName,
    digest: Digest,
    range: ByteRange | undefined,
    result: Result,
  ): Result => {
    if (counts.isUsed) void note(name, digest, range).catch(() => {})
    return result
  }
  const note = async (name: RepositoryName, digest: Digest, range: ByteRange | undefined): Promise<void> => {
    const project = await places.cacheOf(name)
    const blob = project && (await findBlob(reader, name, digest))
    if (!project || !blob) return
    counts.served(project, 'hits')
    counts.bytes(project, 'saved', range ? range.end - range.start + 1 : blob.size)
  }
  return {
    statBlob: async (name, digest) =>
      orElse(local.statBlob(name, digest), (rethrow) =>
        places.either(name, (place) => blobs.stat(place, digest), rethrow),
      ),
    readBlob: async (name, digest) =>
      orElse(
        local.readBlob(name, digest).then((found) => (found.content ? saved(name, digest, undefined, found) : found)),
        (rethrow) => places.either(name, (place) => blobs.stat(place, digest), rethrow),
      ),
    openBlob: async (name, digest, range) =>
      orElse(
        local.openBlob(name, digest, range).then((stream) => saved(name, digest, range, stream)),
        (rethrow) => places.either(name, (place) => blobs.open(place, digest, range), rethrow),
      ),
    blobUrl: async (name, digest) =>
      orElse(
        local.blobUrl(name, digest).then((url) => (url ? saved(name, digest, undefined, url) : url)),
        (rethrow) => places.either(name, () => undefined, rethrow),
      ),
  } satisfies Through
}

export const listing = ({ local, places, lists }: Parts) =>
  ({
    listTags: async (name, page) =>
      places.either(
        name,
        (place) => lists.tags(place, page),
        () => local.listTags(name, page),
      ),
    listReferrers: async (name, subject, page) =>
      places.either(
        name,
        (place) => lists.referrers(place, subject, page),
        () => local.listReferrers(name, subject, page),
      ),
  }) satisfies Through

/** Refuses what only a push does, in Harbor's words, where the project is a cache. */
export function refusingPushes({ local, places }: Parts) {
  const unlessCache =
    <Rest extends unknown[], Result>(method: (name: RepositoryName, ...rest: Rest) => Promise<Result>) =>
    async (name: RepositoryName, ...rest: Rest): Promise<Result> => {
      const project = await places.cacheOf(name)
      if (project) throw new OciError('DENIED', `can not push artifact to a proxy project: ${project.name}`)
      return method(name, ...rest)
    }
  return {
    startUpload: unlessCache(local.startUpload),
    writeBlob: unlessCache(local.writeBlob),
    mountBlob: unlessCache(local.mountBlob),
    writeManifest: unlessCache(local.writeManifest),
  } satisfies Partial<Registry>
}

/** What `work` finds; where it is not here (404), what `other` finds: it gets a function that throws the same error. */
function orElse<Result>(work: Maybe<Result>, other: (rethrow: () => never) => Maybe<Result>): Maybe<Result> {
  if (!(work instanceof Promise)) return work
  return work.catch((error: unknown) => {
    if (!(error instanceof OciError) || error.status !== 404) throw error
    return other(() => {
      throw error
    })
  })
}

/** Names the repository where it is another one than asked for, and lets a HEAD count as a pull. */
function beside<Found extends ManifestRead | ManifestStat>(
  asked: RepositoryName,
  { name }: Place,
  found: Maybe<Found>,
): Maybe<Found> {
  return andThen(found, (manifest) => {
    const isOwn = name === asked
    if (isOwn && 'content' in manifest) return manifest
    return { ...manifest, countsHead: true, ...(isOwn ? {} : { repository: name }) }
  })
}
