import type { Queryable } from '../../platform/db/db.ts'
import type { Log } from '../../platform/observe/log.ts'
import type { Outbound } from '../../platform/outbound/outbound.ts'
import { openBudgets } from './budgets.ts'
import { openLocks } from './locks.ts'
import { openRemote } from './remote.ts'
import type { OpenRemote, RemoteLimits } from './types.ts'

/** What the roof lends to features: remotes whose budgets and locks all processes share, with the settings' limits. */
export function openRemotes(lent: { db: Queryable; outbound: Outbound; log: Log; limits: RemoteLimits }): OpenRemote {
  const { outbound, log } = lent
  const [budgets, locks] = [openBudgets(lent.db), openLocks(lent.db)]
  return (endpoint, limits = {}) =>
    openRemote({ outbound, log, locks, endpoint, budget: budgets.of(endpoint), limits: { ...lent.limits, ...limits } })
}
