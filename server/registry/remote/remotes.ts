import type { Queryable } from '../../platform/db/db.ts'
import type { Log } from '../../platform/observe/log.ts'
import type { Outbound } from '../../platform/outbound/outbound.ts'
import { openBudgets } from './budgets.ts'
import { openRemote } from './remote.ts'
import type { OpenRemote, RemoteLimits } from './types.ts'

/** What the roof lends to features: remotes whose budgets all processes share, with the limits of the settings. */
export function openRemotes(lent: { db: Queryable; outbound: Outbound; log: Log; limits: RemoteLimits }): OpenRemote {
  const { outbound, log } = lent
  const budgets = openBudgets(lent.db)
  return (endpoint, limits = {}) =>
    openRemote({ outbound, log, endpoint, budget: budgets.of(endpoint), limits: { ...lent.limits, ...limits } })
}
