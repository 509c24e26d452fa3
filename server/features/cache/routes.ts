import type { Static } from 'typebox'
import * as api from '../../../api/cache.ts'
import type { Db } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { countCache, forgetCached, listCacheKeys, lookIntoCache, type CacheOfAll, type Entry } from './actions.ts'

const read = { system: 'configuration', verb: 'read' } as const
const change = { system: 'configuration', verb: 'update' } as const

/** Lets system administrators count, list, read and drop cached entries by resource (S1-30). */
export function cacheRoutes(db: Db, all: CacheOfAll): ApiRoute[] {
  return [
    route(api.getCache, read, () => countCache(all)),
    route(api.listCacheKeys, read, async ({ params: { resource }, query: { beginning = '', limit = 100 } }) => {
      const { keys, isCut, redis } = await listCacheKeys(all, resource, beginning, limit)
      return { keys, is_cut: isCut, redis }
    }),
    route(api.flushCache, change, ({ params: { resource }, caller }) =>
      forgetCached(db, actorOf(caller), all, resource, null),
    ),
    route(api.getCacheKey, read, async ({ params: { resource }, query: { key } }) => {
      const entry = await lookIntoCache(all, checked(resource, key))
      if (!entry) throw new Failure('NOT_FOUND', 'nothing is cached under this key')
      return presentEntry(entry)
    }),
    route(api.forgetCacheKey, change, async ({ params: { resource }, query: { key }, caller }) =>
      forgetCached(db, actorOf(caller), all, resource, checked(resource, key)),
    ),
  ]
}

function checked(resource: string, key: string): string {
  if (!key.startsWith(`${resource}:`)) throw new Failure('BAD_REQUEST', `a key of ${resource} begins with ${resource}:`)
  return key
}

function presentEntry({ key, memory, redis }: Entry): Static<typeof api.CacheEntry> {
  if (redis === null) return { key, memory, redis }
  if (!redis) return { key, memory }
  return { key, memory, redis: { bytes: redis.bytes, ends_in_seconds: Math.max(0, Math.round(redis.endsInMs / 1000)) } }
}
