import type { Cache } from '../platform/cache/cache.ts'
import type { Queryable } from '../platform/db/db.ts'

/** What a cached read needs: the cache, and the database for what the cache does not have. */
export type Reader = { db: Queryable; cache: Cache }
