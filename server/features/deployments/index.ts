import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import { deploymentRoutes } from './routes.ts'
import { dropExpired } from './store.ts'
import { facts } from './topics.ts'

export { runningStays } from './gate.ts'
export { findRunning, findRunningPlaces, runningRepositories } from './store.ts'

/** What clusters run: it is not deleted. `ttlMs`: how long a report holds that does not say. */
export const deployments = ({ db, ttlMs }: { db: Db; ttlMs: number }) =>
  feature({
    name: 'deployments',
    topics: facts,
    routes: deploymentRoutes(db, ttlMs),
    sweeps: [{ trouble: 'old reports of clusters not removed', everyMs: 10 * 60_000, run: () => dropExpired(db) }],
  })
