import type { Metrics } from '../../platform/observe/metrics.ts'
import { opened } from './actions.ts'
import { matcherParts, type MatcherRules } from './matcher/parts.ts'
import { sweepFindings } from './reports/findings.ts'
import { scanHandler, scanJob } from './reports/jobs.ts'
import { measureScans } from './reports/measure.ts'
import { scansOnPush } from './reports/react.ts'
import { scannerRoutes } from './routes.ts'
import { sbomHandler, sbomJob, type JobGround } from './sboms/jobs.ts'
import { sbomsOnPush } from './sboms/react.ts'
import { sbomRoutes, type RouteGround } from './sboms/routes.ts'
import { scanAllHandler } from './scan-all/jobs.ts'
import { scanAllRoutes } from './scan-all/routes.ts'
import { scanRoutes } from './scan-routes.ts'
import { adapterScanner, type AdapterGround } from './scanners/adapter/adapter.ts'
import { matcherMetadata, ownMatcher } from './scanners/matcher.ts'
import { ownScanner, type OwnRules } from './scanners/own.ts'

/** `rules`: config/scanning.ts, `vulndb`: config/vulndb.ts. */
export type Lent = Omit<Parameters<typeof scannerRoutes>[0], 'ownMetadata'> &
  Omit<JobGround, 'scanner'> &
  RouteGround &
  Omit<AdapterGround, 'rules'> & {
    rules: OwnRules &
      AdapterGround['rules'] &
      Parameters<typeof sbomJob>[0] &
      Parameters<typeof scanJob>[0] & { scansQueued: number }
    vulndb: MatcherRules
  }

const sweepEveryMs = 6 * 3_600_000

/** The operations, reactions and jobs: one type of job for each kind of scan. */
export function partsOf(lent: Lent) {
  const { db } = lent.reader
  const types = { sbom: sbomJob(lent.rules), scan: scanJob(lent.rules) }
  const scanner = ownScanner({ db, registry: lent.registry, rules: lent.rules })
  const matcher = matcherParts({ reader: lent.reader, registry: lent.registry, rules: lent.vulndb })
  const own = ownMatcher({ db, registry: lent.registry, rules: lent.rules, vulndb: lent.vulndb })
  return {
    routes: [
      ...scannerRoutes({ ...lent, ownMetadata: () => matcherMetadata(db) }),
      ...scanRoutes({ ...lent, types }),
      ...sbomRoutes(lent),
      ...matcher.routes,
      ...scanAllRoutes(db, types.scan),
    ],
    reactions: [sbomsOnPush(types.sbom), scansOnPush(types.scan)],
    jobs: [
      sbomHandler(types.sbom, { ...lent, scanner }),
      scanHandler(types.scan, {
        db,
        engineOf: (row) => (row.isOwn ? own : adapterScanner(lent, opened(lent.seal, row))),
      }),
      ...matcher.jobs,
      scanAllHandler({ db, type: types.scan, rules: lent.rules }),
    ],
    sweeps: [
      ...matcher.sweeps,
      {
        trouble: 'findings that no image has not removed',
        everyMs: sweepEveryMs,
        run: (signal: AbortSignal) => sweepFindings(db, signal),
      },
    ],
    measure: (metrics: Metrics) => measureScans(metrics, db),
  }
}
