import { feature } from '../../platform/feature.ts'
import type { PushGates } from '../../registry/gate.ts'
import type { DropCount } from './dropped.ts'
import type { Ground } from './ground.ts'
import { startHandler, sweepHandler } from './jobs.ts'
import { restoreHandler } from './restore.ts'
import { previewRoutes, type PreviewLimits } from './routes-preview.ts'
import { harborRoutes } from './routes.ts'
import { facts } from './topics.ts'

export { giveRetention } from './actions.ts'
export { openDropCount } from './dropped.ts'
export { facts as retentionFacts } from './topics.ts'
export { parseProjectRetention, presentProjectRetention, type ProjectRetention } from './wire.ts'

type Lent = Ground & { gates: PushGates; drops: DropCount } & PreviewLimits

/** Which artifacts and tags projects keep: policies, their runs, and what is said about them before and after. */
export const retention = (lent: Lent) =>
  feature({
    name: 'retention',
    topics: facts,
    routes: [...harborRoutes(lent), ...previewRoutes(lent)],
    jobs: [startHandler(lent), sweepHandler(lent), restoreHandler(lent)],
    measure: lent.drops.measure,
  })
