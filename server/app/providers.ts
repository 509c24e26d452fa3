import type { OutsideProvider } from '../features/accounts/index.ts'
import type { Oidc } from '../features/oidc/index.ts'
import type { SettingsReader } from '../features/settings/index.ts'
import type { Outbound } from '../platform/outbound/outbound.ts'
import type { Ground } from './ground.ts'

type LentToProviders = { ground: Ground; settings: SettingsReader; outbound: Outbound; oidc: Oidc }

/**
 * The systems that can vouch for accounts: one line each (docs/develop/providers.md). `auth_mode` can be set to those
 * that are listed here.
 */
export function openProviders({ oidc }: LentToProviders): OutsideProvider[] {
  return [oidc.vouching]
}
