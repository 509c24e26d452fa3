import type { Actor } from '../../catalog/topics.ts'
import { events, type CacheEvent } from '../../platform/cache/counts.ts'
import type { Peers } from '../../platform/cache/peers/peers.ts'
import type { Redis } from '../../platform/cache/redis.ts'
import type { Db } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import type { CacheQuestion, Held, Look } from './answer.ts'
import { checkResource } from './resources.ts'
import { facts } from './topics.ts'

/** All processes and the Redis that they share; those that do not answer are left out. */
export type CacheOfAll = { peers: Pick<Peers, 'ask'>; redis: Redis | undefined }
type ResourceRow = Omit<Held, 'counts'> & Record<CacheEvent, number>
type RedisState = 'none' | 'healthy' | 'unhealthy'
export type Overview = { processes: number; redis: RedisState; resources: ResourceRow[] }

/** The most keys that are counted in Redis. */
const mostCounted = 1_000_000

/** Entries, bytes and event counts by layer and resource, summed over all processes. */
export async function countCache({ peers, redis }: CacheOfAll): Promise<Overview> {
  const answers = await ask<Held[]>(peers, { about: 'cache.count' })
  const rows = new Map<string, ResourceRow>()
  for (const { counts, ...held } of answers.flat()) {
    const name = `${held.layer} ${held.resource}`
    const row = rows.get(name) ?? {
      ...held,
      entries: 0,
      bytes: 0,
      ...(Object.fromEntries(events.map((event) => [event, 0])) as Record<CacheEvent, number>),
    }
    row.entries += held.entries
    row.bytes += held.bytes
    for (const event of events) row[event] += counts[event]
    rows.set(name, row)
  }
  const { state, answer } = await askRedis(redis, (one) => one.list('', mostCounted))
  for (const key of answer ?? []) {
    const row = rows.get(`redis ${key.slice(0, key.indexOf(':'))}`)
    if (row) row.entries++
  }
  const resources = [...rows.values()].sort((a, b) =>
    `${a.resource} ${a.layer}` < `${b.resource} ${b.layer}` ? -1 : 1,
  )
  return { processes: answers.length, redis: state, resources }
}

/** Lists the keys of a resource that begin with the text, in order, and the layers that hold each. */
export async function listCacheKeys(
  { peers, redis }: CacheOfAll,
  resource: string,
  beginning: string,
  limit: number,
): Promise<{ keys: { key: string; layers: string[] }[]; isCut: boolean; redis: RedisState }> {
  checkResource(resource)
  const start = beginning.startsWith(`${resource}:`) ? beginning : `${resource}:${beginning}`
  const inMemory = new Set(
    (await ask<string[]>(peers, { about: 'cache.keys', resource, beginning: start, limit: limit + 1 })).flat(),
  )
  const { state, answer } = await askRedis(redis, (one) => one.list(start, limit + 1))
  const inRedis = new Set(answer)
  const all = [...new Set([...inMemory, ...inRedis])].sort()
  const keys = all
    .slice(0, limit)
    .map((key) => ({ key, layers: [...(inMemory.has(key) ? ['memory'] : []), ...(inRedis.has(key) ? ['redis'] : [])] }))
  return { keys, isCut: all.length > limit, redis: state }
}

/** `redis` is undefined when Redis does not hold the key, and null when it did not answer. */
export type Entry = { key: string; memory: Look[]; redis: { bytes: number; endsInMs: number } | null | undefined }

/** The values under one key; undefined when no process that answered and no Redis holds any. */
export async function lookIntoCache({ peers, redis }: CacheOfAll, key: string): Promise<Entry | undefined> {
  const memory = (await ask<Look | null>(peers, { about: 'cache.look', key })).filter((one) => one !== null)
  const { state, answer } = await askRedis(redis, (one) => one.look(key))
  const inRedis = state === 'unhealthy' ? null : answer
  return memory.length === 0 && inRedis === undefined ? undefined : { key, memory, redis: inRedis }
}

/**
 * Drops one key of a resource, or with null all of them, from every process and from Redis; the values are read from
 * the database again. Redis comes first, or a reader in between would fetch the value back from there. Returns the
 * number of dropped entries; `redis` is null when Redis did not answer.
 */
export async function forgetCached(
  db: Db,
  by: Actor,
  { peers, redis }: CacheOfAll,
  resource: string,
  key: string | null,
): Promise<{ memory: number; redis: number | null }> {
  checkResource(resource)
  await db.transaction((tx) => emit(tx, [facts.cacheForgotten({ resource, key }, by)]))
  const { state, answer } = await askRedis(redis, (one) => one.drop(key ?? `${resource}:`, key !== null))
  const forgotten = await ask<number>(peers, { about: 'cache.forget', resource, key })
  return { memory: forgotten.reduce((sum, one) => sum + one, 0), redis: state === 'unhealthy' ? null : (answer ?? 0) }
}

async function askRedis<Answer>(
  redis: Redis | undefined,
  question: (redis: Redis) => Promise<Answer>,
): Promise<{ state: RedisState; answer?: Answer }> {
  if (!redis) return { state: 'none' }
  return question(redis).then(
    (answer): { state: RedisState; answer: Answer } => ({ state: 'healthy', answer }),
    () => ({ state: 'unhealthy' }),
  )
}

const ask = async <Answer>(peers: CacheOfAll['peers'], question: CacheQuestion) =>
  (await peers.ask(question)) as Answer[]
