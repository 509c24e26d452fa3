import { matcherParts, type MatcherRules } from './matcher/parts.ts'
import { scannerRoutes } from './routes.ts'
import { sbomHandler, sbomJob, type JobGround } from './sboms/jobs.ts'
import { sbomsOnPush } from './sboms/react.ts'
import { sbomRoutes, type RouteGround } from './sboms/routes.ts'
import { ownScanner, type OwnRules } from './scanners/own.ts'

/** `rules`: config/scanning.ts, `vulndb`: config/vulndb.ts. */
export type Lent = Parameters<typeof scannerRoutes>[0] &
  Omit<JobGround, 'scanner'> &
  Omit<RouteGround, 'type'> & { rules: OwnRules & Parameters<typeof sbomJob>[0]; vulndb: MatcherRules }

/** The operations, reactions and jobs: one type of job for all of them, and one maker of SBOMs. */
export function partsOf(lent: Lent) {
  const type = sbomJob(lent.rules)
  const scanner = ownScanner({ db: lent.reader.db, registry: lent.registry, rules: lent.rules })
  const matcher = matcherParts({ reader: lent.reader, registry: lent.registry, rules: lent.vulndb })
  return {
    routes: [...scannerRoutes(lent), ...sbomRoutes({ ...lent, type }), ...matcher.routes],
    reactions: [sbomsOnPush(type)],
    jobs: [sbomHandler(type, { ...lent, scanner }), ...matcher.jobs],
    sweeps: matcher.sweeps,
  }
}
