import { feature } from '../../platform/feature.ts'
import { scannerRoutes } from './routes.ts'
import { sbomHandler, sbomJob, type JobGround } from './sboms/jobs.ts'
import { sbomsOnPush } from './sboms/react.ts'
import { sbomRoutes, type RouteGround } from './sboms/routes.ts'
import { ownScanner, type OwnRules } from './scanners/own.ts'
import { facts } from './topics.ts'

export { sbomOverview } from './sboms/column.ts'

type Lent = Parameters<typeof scannerRoutes>[0] &
  Omit<JobGround, 'scanner'> &
  Omit<RouteGround, 'type'> & { rules: OwnRules & Parameters<typeof sbomJob>[0] }

/** What is in images: SBOMs; and scanners that are registered, with those that projects chose. */
export function scanning(lent: Lent) {
  const { db } = lent.reader
  const type = sbomJob(lent.rules)
  const scanner = ownScanner({ db, registry: lent.registry, rules: lent.rules })
  return feature({
    name: 'scanning',
    topics: facts,
    routes: [...scannerRoutes(lent), ...sbomRoutes({ ...lent, type })],
    reactions: [sbomsOnPush(type)],
    jobs: [sbomHandler(type, { ...lent, scanner })],
  })
}
