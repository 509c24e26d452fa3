import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import { quotaRoutes } from './routes.ts'
import { warnOfQuota } from './tell.ts'
import { facts } from './topics.ts'

export { limitProblem } from './rules.ts'
export { quotaFigure } from './wire.ts'
export { saveQuota, setLimit } from './store.ts'
export { facts as quotaFacts } from './topics.ts'
export { shortageOf, tellingShortages, tellShortage } from './tell.ts'

/** `warningPercent`: a push that leaves a project at this share of its limit or above emits QUOTA_WARNING. */
export const quotas = ({ db, warningPercent }: { db: Db; warningPercent: number }) =>
  feature({ name: 'quotas', topics: facts, routes: quotaRoutes(db), reactions: [warnOfQuota(warningPercent)] })
