import { openOriginSecrets } from '../features/accounts/index.ts'
import { openOidc, type Oidc } from '../features/oidc/index.ts'
import type { SettingsReader } from '../features/settings/index.ts'
import type { Outbound } from '../platform/outbound/outbound.ts'
import type { Ground } from './ground.ts'

/** The OpenID provider that the settings name. */
export function openOidcOf({ db, secrets, config, log }: Ground, settings: SettingsReader, outbound: Outbound): Oidc {
  return openOidc({ db, settings, outbound, secrets: openOriginSecrets({ db, secrets }), limits: config.oidc, log })
}
