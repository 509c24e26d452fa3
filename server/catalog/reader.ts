import type { Cache } from '../platform/cache/cache.ts'
import type { Queryable } from '../platform/db/db.ts'

/** What a cached question needs: where to look first, and where the truth is. */
export type Reader = { db: Queryable; cache: Cache }
