import { Type } from 'typebox'

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
  keys: Type.Array(Type.Object({ key: Type.String(), layers: Type.Array(Type.String({ enum: ['memory', 'redis'] })) })),
  is_cut: Type.Boolean({ description: 'there are more' }),
  redis: Type.String({ enum: ['none', 'healthy', 'unhealthy'], description: 'unhealthy: it did not answer, so its keys are missing here' }),
})

export const CacheEntry = Type.Object({
  key: Type.String(),
  memory: Type.Array(Type.Object({ bytes: Type.Integer(), value: Type.Optional(Type.String({ description: 'as JSON, its first 64 KiB; left out where it may hold a secret' })) }), { description: 'one for each process that holds it' }),
  redis: Type.Optional(Type.Union([Type.Object({ bytes: Type.Integer(), ends_in_seconds: Type.Integer() }), Type.Null()], { description: 'missing when Redis does not hold it, null when Redis did not answer' })),
})

export const CacheForgotten = Type.Object({
  memory: count('facts forgotten by all processes together'),
  redis: Type.Union([count('keys removed from Redis'), Type.Null()], { description: 'null when Redis did not answer: what it keeps is still there' }),
})
