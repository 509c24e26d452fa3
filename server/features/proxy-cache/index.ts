import { feature } from '../../platform/feature.ts'
import type { CacheCounts } from '../../registry/views/proxied/counts.ts'
import { evictAll, type EvictGround } from './evict.ts'
import { removeLeftovers } from './leftovers.ts'
import { prefetchHandler } from './jobs.ts'
import { cacheRoutes, type RouteGround } from './routes.ts'
import { dropUnfinished } from './store.ts'
import { facts } from './topics.ts'

export { bringImage } from './actions.ts'
export { cacheFigure } from './routes.ts'
export { usedByCaches } from './uses.ts'

type Lent = RouteGround & EvictGround & { counts: CacheCounts; evictEveryMs: number; dir: string }

/** Projects that cache another registry: what is in them, and what leaves them. */
export const proxyCache = (lent: Lent) =>
  feature({
    name: 'proxy-cache',
    topics: facts,
    routes: cacheRoutes(lent),
    jobs: [prefetchHandler(lent)],
    sweeps: [
      {
        trouble: 'caches not kept within age and budget',
        everyMs: lent.evictEveryMs,
        run: (signal) => evictAll(lent, signal),
      },
      { trouble: 'what caches never completed not removed', everyMs: 3_600_000, run: () => dropUnfinished(lent.db) },
      {
        trouble: 'files of ended downloads not removed',
        everyMs: 600_000,
        run: () => removeLeftovers(lent.db, lent.dir),
      },
    ],
    measure: (metrics) => lent.counts.measure(metrics),
  })
