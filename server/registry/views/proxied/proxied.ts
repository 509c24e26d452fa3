import type { Digest } from '../../../../oci/digest.ts'
import { OciError } from '../../../../oci/errors.ts'
import { projectOf, type Reference, type RepositoryName } from '../../../../oci/reference.ts'
import { findBlob } from '../../../catalog/blob.ts'
import { findProject } from '../../../catalog/project.ts'
import { findTag } from '../../../catalog/tag.ts'
import type { ByteRange } from '../../../platform/blobs/blobs.ts'
import { andThen, type Maybe } from '../../../platform/maybe.ts'
import type { ManifestRead, ManifestStat, Registry } from '../../registry.ts'
import { view } from '../view.ts'
import { openAsking, type Place } from './asking.ts'
import { openBlobPulls } from './blobs.ts'
import { openBreaker } from './breaker.ts'
import type { CacheCounts } from './counts.ts'
import { openDownloads } from './downloads.ts'
import { openKeeper } from './keep.ts'
import { openLists } from './lists.ts'
import { keptName } from './names.ts'
import { openPrefetch, type Prefetch } from './prefetch.ts'
import { openPulls, type Verb } from './pulls.ts'
import type { CacheProject, ProxyGround, ProxyLent } from './types.ts'

/** The view, and what the feature behind the REST API needs of it. */
export type Proxied = AsyncDisposable & {
  registry: Registry
  prefetch: Prefetch
  /** The endpoints that this process leaves alone for now, as they failed several times in a row. */
  paused(): number[]
  /** Resolves when nothing is being stored behind answers, for tests. */
  idle(): Promise<void>
}

/**
 * A view in which some projects cache another registry: what is not here is fetched, kept and sent at once. All other
 * projects are served as without it, by the same look-ups: what belongs to no cache is found first.
 */
export function openProxied(lent: ProxyLent & { counts: CacheCounts }): Proxied {
  const { local, reader } = lent
  const breaker = openBreaker(lent.limits)
  const downloads = openDownloads({
    ...lent,
    noted: ({ project }, error) =>
      error === undefined ? breaker.worked(project.endpointId) : breaker.failed(project.endpointId, error),
    onStored: (wanted) => keeper.stored(wanted),
    onFetched: ({ project }, count) => lent.counts.bytes(project, 'fetched', count),
  })
  const ground: ProxyGround = { ...lent, breaker, downloads }
  const keeper = openKeeper(ground, () => downloads)
  const asking = openAsking(ground, () => keeper)
  const pulls = openPulls(ground, asking, () => keeper)
  const blobs = openBlobPulls(ground, asking)
  const lists = openLists(ground, asking)

  const cacheOf = (name: RepositoryName): Maybe<CacheProject | undefined> =>
    andThen(findProject(reader, projectOf(name)), (project) =>
      project && project.endpointId !== null ? (project as CacheProject) : undefined,
    )
  const placeOf = (project: CacheProject, name: RepositoryName): Maybe<Place> =>
    andThen(lent.rulesOf(project.id), (rules) => ({ project, rules, name: keptName(name, rules.upstream.type) }))
  /** In a cache, or without one. */
  const either = <Result>(
    name: RepositoryName,
    inCache: (place: Place) => Maybe<Result>,
    other: () => Maybe<Result>,
  ): Maybe<Result> =>
    andThen(cacheOf(name), (project) => (project ? andThen(placeOf(project, name), inCache) : other()))

  function manifest(name: RepositoryName, reference: Reference, verb: Verb): Maybe<ManifestRead | ManifestStat> {
    if ('digest' in reference) {
      const { digest } = reference
      return orElse(local[verb](name, reference), (rethrow) =>
        either(name, (place) => beside(name, place, pulls.byDigest(place, digest, verb)), rethrow),
      )
    }
    const { tag } = reference
    return andThen(findTag(reader, name, tag), (found) => {
      if (found && !found.isProxied) return local[verb](name, { digest: found.digest })
      const inCache = (place: Place) => beside(name, place, pulls.byTag(place, tag, verb))
      return either(name, inCache, () => local[verb](name, reference))
    })
  }

  /** Counts a blob that a cache need not fetch. Nobody looks for the project before a cache was used. */
  function saved<Result>(name: RepositoryName, digest: Digest, range: ByteRange | undefined, result: Result): Result {
    if (lent.counts.isUsed) void noteSaved(name, digest, range).catch(() => {})
    return result
  }
  async function noteSaved(name: RepositoryName, digest: Digest, range: ByteRange | undefined): Promise<void> {
    const project = await cacheOf(name)
    const blob = project && (await findBlob(reader, name, digest))
    if (!project || !blob) return
    lent.counts.served(project, 'hits')
    lent.counts.bytes(project, 'saved', range ? range.end - range.start + 1 : blob.size)
  }

  /** Refuses what only a push does, in Harbor's words, where the project is a cache. */
  async function refusePush(name: RepositoryName): Promise<void> {
    const project = await cacheOf(name)
    if (project) throw new OciError('DENIED', `can not push artifact to a proxy project: ${project.name}`)
  }
  const unlessCache =
    <Rest extends unknown[], Result>(method: (name: RepositoryName, ...rest: Rest) => Promise<Result>) =>
    async (name: RepositoryName, ...rest: Rest): Promise<Result> => {
      await refusePush(name)
      return method(name, ...rest)
    }

  const registry = view(local, {
    readManifest: (name, reference) => manifest(name, reference, 'readManifest') as Maybe<ManifestRead>,
    statManifest: (name, reference) => manifest(name, reference, 'statManifest') as Maybe<ManifestStat>,
    statBlob: async (name, digest) =>
      orElse(local.statBlob(name, digest), (rethrow) => either(name, (place) => blobs.stat(place, digest), rethrow)),
    openBlob: async (name, digest, range) =>
      orElse(
        local.openBlob(name, digest, range).then((stream) => saved(name, digest, range, stream)),
        (rethrow) => either(name, (place) => blobs.open(place, digest, range), rethrow),
      ),
    blobUrl: async (name, digest) =>
      orElse(
        local.blobUrl(name, digest).then((url) => (url ? saved(name, digest, undefined, url) : url)),
        (rethrow) => either(name, () => undefined, rethrow),
      ),
    listTags: async (name, page) =>
      either(
        name,
        (place) => lists.tags(place, page),
        () => local.listTags(name, page),
      ),
    listReferrers: async (name, subject, page) =>
      either(
        name,
        (place) => lists.referrers(place, subject, page),
        () => local.listReferrers(name, subject, page),
      ),
    listRepositories: true,
    startUpload: unlessCache(local.startUpload),
    // Only an upload that was begun can be gone on with.
    findUpload: true,
    appendUpload: true,
    finishUpload: true,
    cancelUpload: true,
    writeBlob: unlessCache(local.writeBlob),
    mountBlob: unlessCache(local.mountBlob),
    writeManifest: unlessCache(local.writeManifest),
    deleteManifest: true,
    deleteTag: true,
    deleteBlob: true,
  })

  return {
    registry,
    prefetch: openPrefetch(ground, { asking, pulls, placeOf: async (project, name) => placeOf(project, name) }),
    paused: () => breaker.open(),
    idle: () => keeper.idle(),
    async [Symbol.asyncDispose]() {
      await downloads[Symbol.asyncDispose]()
      await keeper.idle()
    },
  }
}

/** What `work` finds; where it is not here (404), what `other` finds: it gets a function that throws the same error. */
function orElse<Result>(work: Maybe<Result>, other: (rethrow: () => never) => Maybe<Result>): Promise<Result> | Result {
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
