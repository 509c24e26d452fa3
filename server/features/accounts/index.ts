import { feature } from '../../platform/feature.ts'
import type { CertificateParts } from './certificates/certificates.ts'
import { certificateRoutes } from './certificates/routes.ts'
import { userRoutes, type UserRoutesOptions } from './routes.ts'
import { sweepTokensOfGone, type Outside } from './outside/index.ts'
import { sweepSessions } from './session-store.ts'
import { sweepFailures, sweepSignIns } from './store.ts'
import { failureWindow, familiarWindow } from './throttle.ts'
import { sweepTokens } from './tokens/store.ts'
import { facts } from './topics.ts'

export { endSessionOf, robotPrefixProblem, updateAccount } from './actions.ts'
export { isModeFixed, isModeFixedIn, modeFixedText } from './modes.ts'
export { openLogin, type Login } from './login.ts'
export * from './outside/index.ts'
export { openAuthority, type Authority } from './certificates/authority.ts'
export { openByCertificate, type ByCertificate, type CertificateParts } from './certificates/certificates.ts'
export { parseCertificateRule, type CertificateRule } from './certificates/rules.ts'
export { openAsk } from './proxies/ask.ts'
export { openPersonBringing } from './proxies/bring.ts'
export { httpAuthProvider } from './proxies/http.ts'
export { uaaProvider } from './proxies/uaa.ts'
export { claimOf } from './providers/local.ts'
export type { Claim, Provider } from './providers/provider.ts'
export { openSessionDoor, type SessionDoor } from './session-door.ts'
export { parseScope, presentScopes } from './tokens/scope.ts'
export { accountNameProblem } from './rules.ts'
export { failureWindow } from './throttle.ts'
export { cliSecretLogin } from './tokens/cli-secret.ts'
export { saveTokenUses } from './tokens/store.ts'
export { hashPassword, makeSecret, passwordProblem, quickHash } from './passwords.ts'
export {
  addFailure,
  countFailures,
  findAccount,
  findAccountById,
  findAccountByName,
  saveAccount,
  type Account,
} from './store.ts'

export { ensureAdmin, resetAdminPassword } from './admin.ts'

const often = 10 * 60_000
/** How long lists still show tokens that have expired, in days. */
const showsExpiredDays = 30

type Lent = UserRoutesOptions & {
  outside: Outside
  keepGoneMs: number
  certificateParts: CertificateParts | undefined
}

/** Accounts, their logins and their sessions. */
export const accounts = (lent: Lent) =>
  feature({
    name: 'accounts',
    topics: facts,
    routes: [...userRoutes(lent), ...certificateRoutes(lent.certificateParts)],
    components: [lent.outside.component],
    measure: lent.outside.measure,
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
        trouble: 'personal tokens of accounts that are gone not removed',
        everyMs: often,
        run: () => sweepTokensOfGone(lent.db, lent.keepGoneMs),
      },
      {
        trouble: 'old sessions not removed',
        everyMs: often,
        run: async () => sweepSessions(lent.db, await lent.settings.get('session_timeout')),
      },
    ],
  })
