import { openCache, uncached, type Cache } from './cache.ts'
import type { CacheCounts } from './counts.ts'
import type { Redis } from './redis.ts'
import { openSealedLayer } from './sealed.ts'
import type { Stamps } from './peers/stamps.ts'

export type Layers = AsyncDisposable & {
  cache: Cache
  /** Undefined without Redis. */
  redis: Redis | undefined
  /** Those of both layers. */
  counts(): CacheCounts[]
}

type LayersOptions = {
  /** False keeps nothing anywhere. */
  isEnabled: boolean
  /** Of memory, in bytes. */
  limit: number
  expireMs: number
  isTrusted: () => boolean
  /** Resources of which nothing is kept. */
  never?: ReadonlySet<string>
  /** The layer between memory and database, for these resources. */
  redis:
    | {
        url: string
        timeoutMs: number
        prefix: string
        secret: Uint8Array
        build: string
        resources: ReadonlySet<string>
        stamps: Stamps
        onTrouble(error: Error): void
      }
    | undefined
}

/** The layers in the order in which they are asked: memory, then Redis if there is one, then the database. */
export async function openLayers({
  isEnabled,
  limit,
  expireMs,
  isTrusted,
  never = new Set(),
  redis: wanted,
}: LayersOptions): Promise<Layers> {
  if (!wanted || !isEnabled) {
    // When the cache is switched off, callers do not even share reads that are under way.
    const cache = isEnabled ? openCache({ limit, expireMs, isTrusted, never }) : uncached({ db: undefined }).cache
    return { cache, redis: undefined, counts: () => cache.counts(), [Symbol.asyncDispose]: async () => {} }
  }
  // Imported only when it is used: loading the client takes a tenth of the start.
  const { openRedis } = await import('./redis.ts')
  const redis = openRedis(wanted)
  const layer = openSealedLayer({ redis, stamps: wanted.stamps, secret: wanted.secret, build: wanted.build, expireMs })
  const cache = openCache({ limit, expireMs, isTrusted, never, shared: { layer, resources: wanted.resources } })
  return {
    cache,
    redis,
    counts: () => [...cache.counts(), ...layer.counts()],
    [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
  }
}
