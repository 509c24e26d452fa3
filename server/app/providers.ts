import { httpAuthProvider, openAsk, uaaProvider, type OutsideProvider } from '../features/accounts/index.ts'
import type { Oidc } from '../features/oidc/index.ts'
import { ldapProvider, type Directory } from '../features/ldap/index.ts'
import type { SettingsReader } from '../features/settings/index.ts'
import type { Outbound } from '../platform/outbound/outbound.ts'
import type { Ground } from './ground.ts'

type LentToProviders = {
  ground: Ground
  settings: SettingsReader
  outbound: Outbound
  oidc: Oidc
  directory: Directory
}

/**
 * The systems that can vouch for accounts: one line each (docs/develop/providers.md). `auth_mode` can be set to those
 * that are listed here.
 */
export function openProviders({ ground, settings, outbound, directory, oidc }: LentToProviders): OutsideProvider[] {
  const ask = openAsk(outbound, ground.config.identity.answerMs)
  return [
    ldapProvider(directory, settings),
    oidc.vouching,
    httpAuthProvider({ settings, ask }),
    uaaProvider({ settings, ask }),
  ]
}
