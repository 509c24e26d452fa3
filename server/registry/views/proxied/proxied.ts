import type { Registry } from '../../registry.ts'
import { view } from '../view.ts'
import { openAsking } from './asking.ts'
import { openBlobPulls } from './blobs.ts'
import { openBreaker, type Breaker } from './breaker.ts'
import type { CacheCounts } from './counts.ts'
import { openDownloads } from './downloads.ts'
import { openKeeper } from './keep.ts'
import { openLists } from './lists.ts'
import { openPlaces } from './places.ts'
import { openPrefetch, type Prefetch } from './prefetch.ts'
import { openPulls } from './pulls.ts'
import { listing, readingBlobs, readingManifests, refusingPushes } from './through.ts'
import type { Downloads, ProxyGround, ProxyLent } from './types.ts'

/** The view, and what the feature behind the REST API needs of it. */
export type Proxied = AsyncDisposable & {
  registry: Registry
  prefetch: Prefetch
  /** Of an endpoint, as far as this process has asked it. */
  troubleOf: Breaker['troubleOf']
}

/**
 * A view in which some projects cache another registry: what is not here is fetched, kept and sent at once. All other
 * projects are served as without it, by the same look-ups: what belongs to no cache is found first.
 */
export function openProxied(lent: ProxyLent & { counts: CacheCounts }): Proxied {
  const { local, counts } = lent
  const breaker = openBreaker(lent.limits)
  const keeper = openKeeper(lent, () => downloads)
  const downloads: Downloads = openDownloads({
    ...lent,
    noted: ({ project: { endpointId } }, error) =>
      error === undefined ? breaker.worked(endpointId) : breaker.failed(endpointId, error),
    onStored: (wanted) => keeper.stored(wanted),
    onArrived({ project }, count, leavesGarbage) {
      if (leavesGarbage) lent.onReceived(count)
      counts.bytes(project, 'fetched', count)
    },
  })
  const ground: ProxyGround = { ...lent, breaker, downloads }
  const asking = openAsking(ground, keeper)
  const pulls = openPulls({ ground, asking, keeper })
  const places = openPlaces(lent)
  const parts = { ...lent, places, pulls, blobs: openBlobPulls(ground, asking), lists: openLists(ground, asking) }
  return {
    registry: view(local, {
      ...readingManifests(parts),
      ...readingBlobs(parts),
      ...listing(parts),
      ...refusingPushes(parts),
      listRepositories: true,
      // Only an upload that was begun can be gone on with.
      findUpload: true,
      appendUpload: true,
      finishUpload: true,
      cancelUpload: true,
      deleteManifest: true,
      deleteTag: true,
      deleteBlob: true,
    }),
    prefetch: openPrefetch(ground, { asking, pulls, places }),
    troubleOf: (endpointId) => breaker.troubleOf(endpointId),
    async [Symbol.asyncDispose]() {
      await downloads[Symbol.asyncDispose]()
      await keeper.idle()
    },
  }
}
