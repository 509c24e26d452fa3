import { feature } from '../../platform/feature.ts'
import { userRoutes, type UserRoutesOptions } from './routes.ts'
import { sweepSessions } from './session-store.ts'
import { sweepFailures, sweepSignIns } from './store.ts'
import { failureWindow, familiarWindow } from './throttle.ts'
import { sweepTokens } from './tokens/store.ts'
import { facts } from './topics.ts'

export { robotPrefixProblem, updateAccount } from './actions.ts'
export { openLogin, type Login } from './login.ts'
export { claimOf } from './providers/local.ts'
export type { Claim, Provider } from './providers/provider.ts'
export { openSessionDoor, type SessionDoor } from './session-door.ts'
export { parseScope, presentScopes } from './tokens/scope.ts'
export { saveTokenUses } from './tokens/store.ts'
export { hashPassword, makeSecret, passwordProblem, quickHash } from './passwords.ts'
export { findAccount, findAccountById, findAccountByName, saveAccount, type Account } from './store.ts'

export { ensureAdmin, resetAdminPassword } from './admin.ts'

const often = 10 * 60_000
/** How long lists still show tokens that have expired, in days. */
const showsExpiredDays = 30

/** Accounts, their logins and their sessions. */
export const accounts = (lent: UserRoutesOptions) =>
  feature({
    name: 'accounts',
    topics: facts,
    routes: userRoutes(lent),
    sweeps: [
      {
        trouble: 'old login failures not removed',
        everyMs: often,
        run: () => sweepFailures(lent.db.relaxed, failureWindow),
      },
      {
        trouble: 'old sign-ins not removed',
        everyMs: often,
        run: () => sweepSignIns(lent.db.relaxed, familiarWindow),
      },
      {
        trouble: 'expired personal tokens not removed',
        everyMs: often,
        run: () => sweepTokens(lent.db.relaxed, showsExpiredDays),
      },
      {
        trouble: 'old sessions not removed',
        everyMs: often,
        run: async () => sweepSessions(lent.db, await lent.settings.get('session_timeout')),
      },
    ],
  })
