import type { Db } from '../../platform/db/db.ts'
import type { Log } from '../../platform/observe/log.ts'
import type { Outbound } from '../../platform/outbound/outbound.ts'
import type { OriginSecrets, OutsideProvider } from '../accounts/index.ts'
import type { SettingsReader } from '../settings/index.ts'
import { groupTypes } from '../user-groups/index.ts'
import type { FetchLimits } from './http.ts'
import type { Provider, ProviderSettings } from './provider.ts'
import { openRefresh } from './refresh.ts'
import { readSettings, type OidcSettings } from './settings.ts'
import { findOidcSession } from './store.ts'
import { OidcTrouble } from './trouble.ts'

export type OidcLimits = FetchLimits & { describedMs: number; signInMs: number; failures: number }

/** The provider of the settings, as the other parts of this feature use it. */
export type Oidc = {
  /** The settings of this moment, and the provider that they name. Throws OidcTrouble. */
  current(): Promise<{ provider: Provider; settings: OidcSettings }>
  settings(): Promise<OidcSettings>
  /** The path where a browser ends a session, when the session at the provider has to end, too. */
  signOutAt(idHash: string): Promise<string | undefined>
  /** Throws OidcTrouble when no provider describes itself there. */
  ping(endpoint: string, verifiesTls: boolean): Promise<void>
  /** Vouches for accounts: see features/accounts/outside. */
  vouching: OutsideProvider
}

type OidcOptions = {
  db: Db
  settings: SettingsReader
  outbound: Outbound
  secrets: OriginSecrets
  limits: OidcLimits
  log: Log
}

/** Opens the provider of the settings. Has no effects until somebody signs in. */
export function openOidc(options: OidcOptions): Oidc {
  const { settings, outbound, limits, log } = options
  // The libraries of the protocol are loaded by the first sign-in: most installations have none.
  const discover = async (wanted: ProviderSettings) =>
    (await import('./provider.ts')).discover(wanted, outbound, limits)
  const find = openKnown(discover, limits.describedMs, (trouble) =>
    log.warn(
      { reason: trouble.message },
      'the OIDC provider does not describe itself now: its last description counts',
    ),
  )
  const current: Oidc['current'] = async () => {
    const now = await readSettings(settings)
    if (now.endpoint === '' || now.clientId === '')
      throw new OidcTrouble('setup', 'oidc_endpoint and oidc_client_id are not set')
    return { provider: await find(now), settings: now }
  }
  return {
    current,
    settings: () => readSettings(settings),
    async signOutAt(idHash) {
      const { mode, signsOut } = await readSettings(settings)
      if (mode !== 'oidc_auth' || !signsOut || !(await findOidcSession(options.db, idHash))) return undefined
      return '/c/oidc/logout'
    },
    async ping(endpoint, verifiesTls) {
      await discover({ endpoint, clientId: 'ping', clientSecret: '', verifiesTls })
    },
    vouching: {
      name: 'oidc',
      title: 'the OIDC provider',
      comment: 'Onboarded via OIDC provider',
      groupType: groupTypes.oidc,
      followsName: false,
      refresh: openRefresh({ ...options, current }),
    },
  }
}

type Known = { key: string; until: number; provider: Promise<Provider> }

/**
 * Keeps the provider's description for `keepMs`. Callers that ask meanwhile share one request. When it cannot be read
 * anew, the last one counts for a minute more at a time.
 */
function openKnown(
  load: (settings: OidcSettings) => Promise<Provider>,
  keepMs: number,
  onStale: (trouble: Error) => void,
): (settings: OidcSettings) => Promise<Provider> {
  let known: Known | undefined
  return (settings) => {
    const { endpoint, clientId, clientSecret, verifiesTls } = settings
    const key = JSON.stringify([endpoint, clientId, clientSecret, verifiesTls])
    if (known?.key === key && performance.now() < known.until) return known.provider
    const before = known?.key === key ? known.provider : undefined
    const next: Known = { key, until: performance.now() + keepMs, provider: load(settings) }
    known = next
    next.provider = next.provider.catch((error: unknown) => {
      next.until = before ? performance.now() + 60_000 : 0
      if (!before) throw error
      onStale(error as Error)
      return before
    })
    return next.provider
  }
}
