import { MiB, minute, optional, setting, size, time } from './setting.ts'
import { flag, integer, url } from './units.ts'

/** The second layer of the cache, which several processes share. */
export const redis = {
  url: setting({
    env: 'MARINA_REDIS_URL',
    path: 'redis.url',
    parse: optional(url('redis', 'rediss')),
    fallback: undefined,
    secret: true,
    help: 'Redis that several processes share as a second layer of the cache; none when absent',
  }),
  timeoutMs: time({
    env: 'MARINA_REDIS_TIMEOUT',
    path: 'redis.timeout',
    min: 1,
    max: minute,
    fallback: 50,
    help: 'how long a question to Redis waits before the database is asked instead',
  }),
}

/** What is kept to answer faster. */
export const cache = {
  isEnabled: setting({
    env: 'MARINA_CACHE_ENABLED',
    path: 'cache.enabled',
    parse: flag,
    fallback: true,
    help: 'keep facts in memory, and in Redis where there is one; off gives the same answers, only slower',
  }),
  expireHours: setting({
    env: 'MARINA_CACHE_EXPIRE_HOURS',
    path: 'cache.expire_hours',
    parse: integer(1, 8760),
    fallback: 24,
    help: 'hours that a fact is kept in memory and in Redis at most, even if it is still true',
  }),
  lists: setting({
    env: 'MARINA_CACHE_LISTS',
    path: 'cache.lists',
    parse: flag,
    fallback: true,
    help: 'answer lists from cached objects, reading what is missing; off reads whole pages from the database',
  }),
  manifests: setting({
    env: 'MARINA_CACHE_MANIFESTS',
    path: 'cache.manifests',
    parse: flag,
    fallback: true,
    help: 'keep manifests too, which take the most memory and save the most work; off keeps only what is known of them',
  }),
  memoryBytes: size({
    env: 'MARINA_CACHE_BYTES',
    path: 'cache.memory_bytes',
    min: 0,
    max: 64 * 2 ** 30,
    fallback: 64 * MiB,
    help: 'memory for manifests and what is asked on every pull; 0 switches it off',
  }),
  blobsBytes: size({
    env: 'MARINA_CACHE_BLOBS_BYTES',
    path: 'cache.blobs_bytes',
    min: 0,
    max: 64 * 2 ** 30,
    fallback: 8 * MiB,
    help: 'memory for small blobs, such as the configs of images, that are read again; 0 switches it off',
  }),
  blobsLargest: size({
    env: 'MARINA_CACHE_BLOBS_LARGEST',
    path: 'cache.blobs_largest',
    min: 1,
    max: 1 * MiB,
    fallback: MiB / 16,
    help: 'the largest blob that is kept in memory',
  }),
}
