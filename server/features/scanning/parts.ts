import { Failure } from '../../platform/http/failure.ts'
import { HopelessJob } from '../../platform/jobs/type.ts'
import type { Metrics } from '../../platform/observe/metrics.ts'
import { readMetadata } from '../projects/index.ts'
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
import { adapterSbomMaker, adapterScanner, sbomProblem, type AdapterGround } from './scanners/adapter/adapter.ts'
import { dataTimeOf, type Metadata } from './scanners/adapter/metadata.ts'
import { matcherMetadata, readPackages } from './scanners/matcher.ts'
import { ownScanner, type OwnRules } from './scanners/own.ts'
import { ScanRefused, type SbomReport, type Scanner, type VulnerabilityReport } from './scanners/scanner.ts'
import { ensureTrivy, isBuiltIn, trivyUrl } from './scanners/trivy/row.ts'
import { localTrivy, trivyMetadata, type TrivyRules } from './scanners/trivy/trivy.ts'
import { findScannerOfProject, noteDataTime, type Scanner as Registered } from './store.ts'

/** `rules`: config/scanning.ts, `vulndb`: config/vulndb.ts. */
export type Lent = Omit<Parameters<typeof scannerRoutes>[0], 'ownMetadata'> &
  Omit<JobGround, 'makerOf'> &
  RouteGround &
  Omit<AdapterGround, 'rules'> & {
    rules: OwnRules &
      AdapterGround['rules'] &
      Parameters<typeof sbomJob>[0] &
      Parameters<typeof scanJob>[0] & { scansQueued: number }
    vulndb: MatcherRules
    /** A Trivy on this machine; absent when there is none to use. */
    trivy?: TrivyRules
  }

/** What a scanner that runs elsewhere is lent; how old its data is, is noted whenever it says so. */
const groundOf = (lent: Lent, { id }: Registered): AdapterGround => ({
  ...lent,
  onMetadata: (metadata) => noteDataTime(lent.reader.db, id, dataTimeOf(metadata)),
})

/** A project whose `sbom_maker` is `scanner` gets its SBOMs from its scanner, if that can make them; others from us. */
function sbomMakers(lent: Lent, own: Scanner<SbomReport>): JobGround['makerOf'] {
  return async (image, { log, signal }) => {
    const { sbom_maker: wanted } = await readMetadata(lent.reader, image.projectId)
    if (wanted !== 'scanner') return own
    const row = await findScannerOfProject(lent.reader.db, image.projectId)
    if (!row || isBuiltIn(row) || row.isDisabled) {
      log('the project has no scanner beside Marina that is in use: Marina makes the SBOM', 'WARNING')
      return own
    }
    const [ground, scanner] = [groundOf(lent, row), opened(lent.seal, row)]
    const problem = await sbomProblem(ground, scanner, image.mediaType, signal)
    if (problem === undefined) return adapterSbomMaker(ground, scanner)
    log(`${row.name}: ${problem}: Marina makes the SBOM`, 'WARNING')
    return own
  }
}

type Engine = Scanner<VulnerabilityReport>

/** The engine of a Trivy on this machine; undefined for a scanner elsewhere. Throws HopelessJob. */
function builtIn({ url }: Registered, trivy: Engine | undefined): Engine | undefined {
  if (url !== trivyUrl) return undefined
  if (!trivy) throw new HopelessJob('no Trivy is set up on this machine (MARINA_TRIVY)')
  return trivy
}

/** What a scanner that is no adapter says of itself. Throws BAD_REQUEST. */
async function builtInMetadata({ reader, trivy }: Lent, { isOwn }: Registered): Promise<Metadata> {
  if (isOwn) return matcherMetadata(reader.db)
  if (!trivy) throw new Failure('BAD_REQUEST', 'no Trivy is set up on this machine (MARINA_TRIVY)')
  return trivyMetadata(trivy).catch((error: unknown) => {
    throw error instanceof ScanRefused ? new Failure('BAD_REQUEST', error.message, { cause: error }) : error
  })
}

const sweepEveryMs = 6 * 3_600_000

/** The operations, reactions and jobs: one type of job for each kind of scan. */
export function partsOf(lent: Lent) {
  const { db } = lent.reader
  const types = { sbom: sbomJob(lent.rules), scan: scanJob(lent.rules) }
  const ground = { db, registry: lent.registry, rules: lent.rules }
  const scanner = ownScanner(ground)
  const matcher = matcherParts({ reader: lent.reader, registry: lent.registry, rules: lent.vulndb })
  const { trivy: found } = lent
  const trivy = found && localTrivy({ ...ground, trivy: found })
  return {
    routes: [
      ...scannerRoutes({ ...lent, ownMetadata: (row) => builtInMetadata(lent, row) }),
      ...scanRoutes({ ...lent, types }),
      ...sbomRoutes(lent),
      ...matcher.routes,
      ...scanAllRoutes(db, types.scan),
    ],
    reactions: [sbomsOnPush(types.sbom), scansOnPush(types.scan)],
    jobs: [
      sbomHandler(types.sbom, { ...lent, makerOf: sbomMakers(lent, scanner) }),
      scanHandler(types.scan, {
        db,
        own: { readPackages: (image, run) => readPackages(ground, image, run), rules: lent.vulndb },
        engineOf: (row) => builtIn(row, trivy) ?? adapterScanner(groundOf(lent, row), opened(lent.seal, row)),
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
    prepare: async () => {
      if (found) await ensureTrivy(db)
    },
    measure: (metrics: Metrics) => measureScans(metrics, db),
  }
}
