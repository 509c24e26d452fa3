import type { Reader } from '../../../catalog/reader.ts'
import type { Db } from '../../../platform/db/db.ts'
import { markStale, matchHandler, matchJob } from './again.ts'
import { sweepLeftOver } from './database/store.ts'
import { vulndbRoutes } from './database/routes.ts'
import type { ImportBounds } from './import/bounds.ts'
import { importHandler, importJob, type ImportGround } from './import/jobs.ts'
import { packageRoutes } from './packages/routes.ts'
import { sweepPackages } from './packages/store.ts'

export type MatcherRules = ImportBounds & { staleMs: number; timeoutMs: number }
type Lent = { reader: Reader & { db: Db }; registry: ImportGround['registry']; rules: MatcherRules }

const hour = 3_600_000

/** The database of vulnerabilities, and what is known of the packages of images. */
export function matcherParts({ reader, registry, rules }: Lent) {
  const { db } = reader
  const [type, matchType] = [importJob(rules), matchJob(rules)]
  return {
    routes: [...vulndbRoutes({ db, registry, rules, type, matchType }), ...packageRoutes({ reader, rules })],
    jobs: [importHandler(type, matchType, { db, registry, rules }), matchHandler(matchType, { db, rules })],
    sweeps: [
      {
        trouble: 'reports not marked as stale',
        everyMs: hour,
        run: (signal: AbortSignal) => markStale(db, rules, signal),
      },
      {
        trouble: 'databases of imports that have failed not removed',
        everyMs: hour,
        run: (signal: AbortSignal) => sweepLeftOver(db, signal),
      },
      {
        trouble: 'packages that no image has not removed',
        everyMs: 6 * hour,
        run: (signal: AbortSignal) => sweepPackages(db, signal),
      },
    ],
  }
}
