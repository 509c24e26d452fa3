import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import type { CacheOfAll } from './actions.ts'
import { cacheRoutes } from './routes.ts'
import { facts } from './topics.ts'

export { countCache, forgetCached, listCacheKeys, lookIntoCache, type CacheOfAll, type Overview } from './actions.ts'
export { openCacheAnswers } from './answer.ts'

/** Operations on the caches of all processes and of Redis. */
export const cache = ({ db, ...all }: CacheOfAll & { db: Db }) =>
  feature({ name: 'cache', topics: facts, routes: cacheRoutes(db, all) })
