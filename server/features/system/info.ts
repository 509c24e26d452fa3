import { statfs } from 'node:fs/promises'
import type { Static } from 'typebox'
import * as api from '../../../api/system.ts'
import { Failure } from '../../platform/http/failure.ts'
import { content } from '../../platform/http/reply.ts'
import { route, type ApiRoute } from '../access/index.ts'
import type { Settings, SettingsReader } from '../settings/index.ts'

export type About = {
  /** Harbor's version whose API this is, for clients that depend on it, followed by Marina's own. */
  version: string
  externalUrl: string | undefined
  storage: { driver: string; root: string | undefined }
  /** The certificate (PEM) of the authority that signed the server's certificate. */
  authority: Buffer | undefined
}

export function infoRoutes(settings: SettingsReader, { version, externalUrl, storage, authority }: About): ApiRoute[] {
  return [
    route(api.getSystemInfo, 'anyone', async ({ caller, request }) => {
      const all = await settings.all()
      const { auth_mode, primary_auth_mode, self_registration, banner_message, oidc_name } = all
      const { project_creation_restriction, read_only, notification_enable } = all
      const oidc_provider_name = auth_mode === 'oidc_auth' ? oidc_name : ''
      const known = { auth_mode, primary_auth_mode, self_registration, banner_message, oidc_provider_name }
      const open = { ...known, ...proxyOf(all) }
      if (caller.kind === 'anonymous') return open
      const host = request.headers.host ?? 'localhost'
      return {
        ...open,
        project_creation_restriction,
        read_only,
        notification_enable,
        current_time: new Date().toISOString(),
        harbor_version: version,
        has_ca_root: authority !== undefined,
        registry_url: externalUrl ? new URL(externalUrl).host : host,
        external_url: externalUrl ?? `http://${host}`,
        registry_storage_provider_name: storage.driver,
      }
    }),
    route(api.getVolumes, { system: 'system-volumes', verb: 'read' }, async () => {
      if (storage.root === undefined) return { storage: [] }
      const { blocks, bavail, bsize } = await statfs(storage.root)
      return { storage: [{ total: blocks * bsize, free: bavail * bsize }] }
    }),
    route(api.getCert, 'anyone', async () => {
      if (!authority) throw new Failure('NOT_FOUND', 'no certificate of an authority is configured')
      return content('application/x-x509-ca-cert', authority, { 'content-disposition': 'attachment; filename=ca.crt' })
    }),
  ]
}

/** How logins reach the HTTP auth proxy, in its mode; what is off or empty is left out, as in Harbor. */
function proxyOf(all: Settings): Pick<Static<typeof api.GeneralInfo>, 'authproxy_settings'> {
  if (all.auth_mode !== 'http_auth') return {}
  const shown = {
    endpoint: all.http_authproxy_endpoint,
    tokenreivew_endpoint: all.http_authproxy_tokenreview_endpoint,
    skip_search: all.http_authproxy_skip_search,
    verify_cert: all.http_authproxy_verify_cert,
  }
  return { authproxy_settings: Object.fromEntries(Object.entries(shown).filter(([, value]) => value)) }
}
