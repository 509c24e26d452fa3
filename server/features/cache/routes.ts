import { Type } from 'typebox'
import { CacheEntry, CacheForgotten, CacheKeys, CacheOverview } from '../../../api/cache.ts'
import type { Db } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import { actorOf } from '../../registry/caller.ts'
import { route } from '../access/index.ts'
import { countCache, forgetCached, listCacheKeys, lookIntoCache, type CacheOfAll, type Entry } from './actions.ts'

const tag = 'cache'
const Resource = Type.Object({ resource: Type.String({ pattern: '^[a-z][a-z_]*$', maxLength: 64 }) })
const OneKey = Type.Object({ key: Type.String({ minLength: 1, maxLength: 1024, description: 'whole, such as tag:repository:library/alpine:name:3' }) })
const read = { system: 'configuration', verb: 'read' } as const
const change = { system: 'configuration', verb: 'update' } as const

/** For system administrators: what is kept in memory and in Redis, by resource (S1-30). */
export function cacheRoutes(db: Db, all: CacheOfAll) {
  return [
    route({
      id: 'getCache', tag, method: 'GET', path: '/system/cache', access: read,
      summary: 'Count what all processes and Redis keep, by resource',
      schema: { answers: { 200: CacheOverview } },
      handler: async () => ({ status: 200, body: await countCache(all) }),
    }),
    route({
      id: 'listCacheKeys', tag, method: 'GET', path: '/system/cache/{resource}', access: read,
      summary: 'List the keys of a resource',
      schema: {
        params: Resource,
        query: Type.Object({ beginning: Type.Optional(Type.String({ maxLength: 1024, default: '' })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })) }),
        answers: { 200: CacheKeys },
      },
      async handler({ params: { resource }, query: { beginning = '', limit = 100 } }) {
        const { keys, isCut, redis } = await listCacheKeys(all, resource, beginning, limit)
        return { status: 200, body: { keys, is_cut: isCut, redis } }
      },
    }),
    route({
      id: 'flushCache', tag, method: 'DELETE', path: '/system/cache/{resource}', access: change,
      summary: 'Forget all keys of a resource, in every process and in Redis',
      schema: { params: Resource, answers: { 200: CacheForgotten } },
      handler: async ({ params: { resource }, caller }) => ({ status: 200, body: await forgetCached(db, actorOf(caller), all, resource, null) }),
    }),
    route({
      id: 'getCacheKey', tag, method: 'GET', path: '/system/cache/{resource}/key', access: read,
      summary: 'Look at one key: who holds it, and what',
      schema: { params: Resource, query: OneKey, answers: { 200: CacheEntry } },
      async handler({ params: { resource }, query: { key } }) {
        const entry = await lookIntoCache(all, checked(resource, key))
        if (!entry) throw new Failure('NOT_FOUND', 'nothing is kept under this key')
        return { status: 200, body: presentEntry(entry) }
      },
    }),
    route({
      id: 'forgetCacheKey', tag, method: 'DELETE', path: '/system/cache/{resource}/key', access: change,
      summary: 'Forget one key, in every process and in Redis',
      schema: { params: Resource, query: OneKey, answers: { 200: CacheForgotten } },
      handler: async ({ params: { resource }, query: { key }, caller }) => ({ status: 200, body: await forgetCached(db, actorOf(caller), all, resource, checked(resource, key)) }),
    }),
  ]
}

function checked(resource: string, key: string): string {
  if (!key.startsWith(`${resource}:`)) throw new Failure('BAD_REQUEST', `a key of ${resource} begins with ${resource}:`)
  return key
}

function presentEntry({ key, memory, redis }: Entry) {
  if (redis === null) return { key, memory, redis }
  return { key, memory, ...(redis ? { redis: { bytes: redis.bytes, ends_in_seconds: Math.max(0, Math.round(redis.endsInMs / 1000)) } } : {}) }
}
