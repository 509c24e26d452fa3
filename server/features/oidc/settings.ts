import type { SettingsReader } from '../settings/index.ts'
import type { ClaimRules } from './claims.ts'
import type { ProviderSettings } from './provider.ts'

/** The `oidc_*` items of the configuration, as sign-ins use them. */
export type OidcSettings = ProviderSettings &
  ClaimRules & {
    mode: string
    scope: string
    isAutoOnboard: boolean
    extra: Record<string, string>
    /** Whether a logout here ends the session at the provider, too. */
    signsOut: boolean
  }

export async function readSettings(settings: SettingsReader): Promise<OidcSettings> {
  const all = await settings.all()
  return {
    mode: all.auth_mode,
    endpoint: all.oidc_endpoint,
    clientId: all.oidc_client_id,
    clientSecret: all.oidc_client_secret,
    verifiesTls: all.oidc_verify_cert,
    userClaim: all.oidc_user_claim,
    groupsClaim: all.oidc_groups_claim,
    groupFilter: all.oidc_group_filter,
    adminGroup: all.oidc_admin_group,
    scope: all.oidc_scope,
    isAutoOnboard: all.oidc_auto_onboard,
    extra: JSON.parse(all.oidc_extra_redirect_parms) as Record<string, string>,
    signsOut: all.oidc_logout,
  }
}
