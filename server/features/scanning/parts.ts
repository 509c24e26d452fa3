import type { Db } from '../../platform/db/db.ts'
import type { Metrics } from '../../platform/observe/metrics.ts'
import { HopelessJob } from '../../platform/jobs/type.ts'
import { opened, type Seal } from './actions.ts'
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
import { ownScanner, type OwnRules } from './scanners/own.ts'
import type { Scanner as Engine, VulnerabilityReport } from './scanners/scanner.ts'
import type { Scanner } from './store.ts'

/** `rules`: config/scanning.ts. `matcher`: Marina's own, which is asked for scanners that are `isOwn`. */
export type Lent = Parameters<typeof scannerRoutes>[0] &
  Omit<JobGround, 'scanner'> &
  RouteGround &
  Omit<AdapterGround, 'rules'> & {
    rules: OwnRules &
      AdapterGround['rules'] &
      Parameters<typeof sbomJob>[0] &
      Parameters<typeof scanJob>[0] & { scansQueued: number }
    matcher?: Engine<VulnerabilityReport>
  }

const sweepEveryMs = 6 * 3_600_000

/** The operations, reactions and jobs: one type of job for each kind of scan. */
export function partsOf(lent: Lent) {
  const { db } = lent.reader
  const types = { sbom: sbomJob(lent.rules), scan: scanJob(lent.rules) }
  const scanner = ownScanner({ db, registry: lent.registry, rules: lent.rules })
  return {
    routes: [
      ...scannerRoutes(lent),
      ...scanRoutes({ ...lent, types }),
      ...sbomRoutes(lent),
      ...scanAllRoutes(db, types.scan),
    ],
    reactions: [sbomsOnPush(types.sbom), scansOnPush(types.scan)],
    jobs: [
      sbomHandler(types.sbom, { ...lent, scanner }),
      scanHandler(types.scan, { db, engineOf: (row) => engineOf(lent, row) }),
      scanAllHandler({ db, type: types.scan, rules: lent.rules }),
    ],
    sweeps: [
      {
        trouble: 'findings that no image has not removed',
        everyMs: sweepEveryMs,
        run: (signal: AbortSignal) => sweepFindings(db, signal),
      },
    ],
    measure: (metrics: Metrics) => measureScans(metrics, db),
  }
}

/** How a registered scanner is asked: by HTTP, or in this process. */
function engineOf(lent: Lent & { db: Db; seal: Seal }, row: Scanner): Engine<VulnerabilityReport> {
  if (!row.isOwn) return adapterScanner(lent, opened(lent.seal, row))
  if (!lent.matcher) throw new HopelessJob('this Marina has no matcher of its own')
  return lent.matcher
}
