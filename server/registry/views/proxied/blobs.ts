import type { Digest } from '../../../../oci/digest.ts'
import type { BlobStream, ByteRange } from '../../../platform/blobs/blobs.ts'
import type { BlobStat } from '../../registry.ts'
import type { Asking } from './asking.ts'
import { findPartSize } from './store.ts'
import { toClient } from './trouble.ts'
import type { Place, ProxyGround } from './types.ts'

/** Blobs of a cache that are not here, or not by the name that was asked for. */
export interface BlobPulls {
  stat(place: Place, digest: Digest): Promise<BlobStat>
  open(place: Place, digest: Digest, range?: ByteRange): Promise<BlobStream>
}

export function openBlobPulls(ground: ProxyGround, asking: Asking): BlobPulls {
  const { db, local, downloads, counts } = ground

  /** What a download of this process or a manifest says; else the upstream is asked. */
  async function sizeOf(place: Place, digest: Digest): Promise<number> {
    const known = downloads.sizeOf(place.name, digest) ?? (await findPartSize(db, place.name, digest))
    if (known !== undefined) return known
    return (await asking.any(place, (remote, at) => remote.statBlob(at, digest))).size
  }

  const telling = async <Result>({ rules, name }: Place, work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work()
    } catch (error) {
      throw toClient(error, rules.upstream.name, name)
    }
  }

  return {
    stat: (place, digest) =>
      telling(place, async () => {
        const here = await local.statBlob(place.name, digest).catch(() => undefined)
        return here ?? { digest, size: await sizeOf(place, digest) }
      }),

    open: (place, digest, range) =>
      telling(place, async () => {
        const { project, rules, name } = place
        const here = await local.openBlob(name, digest, range).catch(() => undefined)
        if (here) return here
        const isUnderWay = downloads.sizeOf(name, digest) !== undefined
        const size = await sizeOf(place, digest)
        counts.served(project, isUnderWay ? 'hits' : 'misses')
        if (isUnderWay) counts.bytes(project, 'saved', size)
        const wanted = { project, rules, name, digest, size, upstream: () => asking.open(place) }
        return downloads.open(wanted, range)
      }),
  }
}
