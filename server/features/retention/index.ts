import { feature } from '../../platform/feature.ts'
import type { PushGates } from '../../registry/gate.ts'
import { openDropCount } from './dropped.ts'
import type { Ground } from './ground.ts'
import { startHandler, sweepHandler } from './jobs.ts'
import { restoreHandler } from './restore.ts'
import { previewRoutes, type PreviewLimits } from './routes-preview.ts'
import { harborRoutes } from './routes.ts'
import { facts } from './topics.ts'

export { giveRetention } from './actions.ts'
export { facts as retentionFacts } from './topics.ts'
export { parseProjectRetention, presentProjectRetention, type ProjectRetention } from './wire.ts'

type Lent = Omit<Ground, 'dropped'> & { gates: PushGates } & PreviewLimits

/** Which artifacts and tags projects keep: policies, their runs, and what is said about them before and after. */
export function retention(lent: Lent) {
  const { dropped, measure } = openDropCount()
  const ground = { ...lent, dropped }
  return feature({
    name: 'retention',
    topics: facts,
    routes: [...harborRoutes(ground), ...previewRoutes(ground)],
    jobs: [startHandler(ground), sweepHandler(ground), restoreHandler(ground)],
    measure,
  })
}
