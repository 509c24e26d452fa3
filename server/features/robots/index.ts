import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import type { Metrics } from '../../platform/observe/metrics.ts'
import type { SettingsReader } from '../settings/index.ts'
import { robotRoutes, type RobotLimits } from './routes.ts'
import { countExpiring } from './store.ts'
import { facts } from './topics.ts'
import { warnOfExpiry } from './warn.ts'

export { facts as robotFacts } from './topics.ts'
export { findRobotCaller, openRobotUses, robotLogin } from './login.ts'

type Lent = { reader: Reader & { db: Db }; settings: SettingsReader; limits: RobotLimits }

/** Robots: accounts for programs. */
export const robots = ({ reader, settings, limits }: Lent) =>
  feature({
    name: 'robots',
    topics: facts,
    routes: robotRoutes(reader, settings, limits),
    sweeps: [
      {
        trouble: 'robots that expire soon not warned of',
        everyMs: 10 * 60_000,
        run: async (signal) =>
          warnOfExpiry(reader.db, limits.warningMs, await settings.get('robot_name_prefix'), signal),
      },
    ],
    measure: (metrics: Metrics) =>
      metrics.gauges(
        'marina_robots_expiring',
        'Robots that expire within MARINA_ROBOT_WARNING and are not disabled',
        [],
        async () => [{ labels: [], value: await countExpiring(reader.db, limits.warningMs) }],
      ),
  })
