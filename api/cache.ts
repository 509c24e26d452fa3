import { Type } from './type.ts'
import { operation } from './operation.ts'
import { says } from './requests.ts'

const count = (description: string) => Type.Integer({ minimum: 0, description })

const CacheResource = Type.Object({
  layer: Type.String({ enum: ['memory', 'redis'] }),
  resource: Type.String(),
  entries: count('facts held now; in memory the sum of all processes'),
  bytes: count('what they take in memory; 0 for Redis, which is asked for keys alone'),
  hit: count('found and served'),
  miss: count('not found'),
  load: count('memory: read from the database; redis: put into Redis'),
  forget: count('removed because a change made it untrue'),
  refuse: count('found in Redis and not believed'),
  error: count('reads that failed, or that Redis did not answer'),
})

export const CacheOverview = Type.Object({
  processes: count('processes that answered'),
  redis: Type.String({ enum: ['none', 'healthy', 'unhealthy'] }),
  resources: Type.Array(CacheResource),
})

export const CacheKeys = Type.Object({
  keys: Type.Array(
    Type.Object({
      key: Type.String(),
      layers: Type.Array(Type.String({ enum: ['memory', 'redis'] })),
    }),
  ),
  is_cut: Type.Boolean({ description: 'there are more' }),
  redis: Type.String({
    enum: ['none', 'healthy', 'unhealthy'],
    description: 'unhealthy: it did not answer, so its keys are missing here',
  }),
})

export const CacheEntry = Type.Object({
  key: Type.String(),
  memory: Type.Array(
    Type.Object({
      bytes: Type.Integer(),
      value: Type.Optional(
        Type.String({
          description: 'as JSON, its first 64 KiB; left out where it may hold a secret',
        }),
      ),
    }),
    { description: 'one for each process that holds it' },
  ),
  redis: Type.Optional(
    Type.Union([Type.Object({ bytes: Type.Integer(), ends_in_seconds: Type.Integer() }), Type.Null()], {
      description: 'missing when Redis does not hold it, null when Redis did not answer',
    }),
  ),
})

export const CacheForgotten = Type.Object({
  memory: count('facts forgotten by all processes together'),
  redis: Type.Union([count('keys removed from Redis'), Type.Null()], {
    description: 'null when Redis did not answer: what it keeps is still there',
  }),
})

const tag = 'cache'
const path = '/system/cache/{resource}'
const params = Type.Object({
  resource: Type.String({ pattern: '^[a-z][a-z_]*$', ...says('the name of a kind of cached facts'), maxLength: 64 }),
})
const OneKey = Type.Object({
  key: Type.String({
    minLength: 1,
    maxLength: 1024,
    description: 'whole, such as tag:repository:library/alpine:name:3',
  }),
})

export const getCache = operation({
  id: 'getCache',
  tag,
  method: 'GET',
  path: '/system/cache',
  summary: 'Count what all processes and Redis keep, by resource',
  status: 200,
  answer: CacheOverview,
})

export const listCacheKeys = operation({
  id: 'listCacheKeys',
  tag,
  method: 'GET',
  path,
  summary: 'List the keys of a resource',
  params,
  query: Type.Object({
    beginning: Type.Optional(Type.String({ maxLength: 1024, default: '' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  }),
  status: 200,
  answer: CacheKeys,
})

export const flushCache = operation({
  id: 'flushCache',
  tag,
  method: 'DELETE',
  path,
  summary: 'Forget all keys of a resource, in every process and in Redis',
  params,
  status: 200,
  answer: CacheForgotten,
})

export const getCacheKey = operation({
  id: 'getCacheKey',
  tag,
  method: 'GET',
  path: `${path}/key`,
  summary: 'Look at one key: who holds it, and what',
  params,
  query: OneKey,
  status: 200,
  answer: CacheEntry,
})

export const forgetCacheKey = operation({
  id: 'forgetCacheKey',
  tag,
  method: 'DELETE',
  path: `${path}/key`,
  summary: 'Forget one key, in every process and in Redis',
  params,
  query: OneKey,
  status: 200,
  answer: CacheForgotten,
})
