import { scannerRoutes } from './routes.ts'
import { sbomHandler, sbomJob, type JobGround } from './sboms/jobs.ts'
import { sbomsOnPush } from './sboms/react.ts'
import { sbomRoutes, type RouteGround } from './sboms/routes.ts'
import { ownScanner, type OwnRules } from './scanners/own.ts'

/** `rules`: config/scanning.ts. */
export type Lent = Parameters<typeof scannerRoutes>[0] &
  Omit<JobGround, 'scanner'> &
  Omit<RouteGround, 'type'> & { rules: OwnRules & Parameters<typeof sbomJob>[0] }

/** The operations, reactions and jobs: one type of job for all of them, and one maker of SBOMs. */
export function partsOf(lent: Lent) {
  const type = sbomJob(lent.rules)
  const scanner = ownScanner({ db: lent.reader.db, registry: lent.registry, rules: lent.rules })
  return {
    routes: [...scannerRoutes(lent), ...sbomRoutes({ ...lent, type })],
    reactions: [sbomsOnPush(type)],
    jobs: [sbomHandler(type, { ...lent, scanner })],
  }
}
