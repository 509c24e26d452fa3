import { statfs } from 'node:fs/promises'
import { GeneralInfo, SystemInfo } from '../../../api/system.ts'
import { Failure } from '../../platform/http/failure.ts'
import { route } from '../access/index.ts'
import type { SettingsReader } from '../settings/index.ts'

export type About = {
  /** Harbor's version whose API this is, for clients that choose by it, then our own. */
  version: string
  externalUrl: string | undefined
  storage: { driver: string; root: string | undefined }
  /** PEM of the authority that signed the server's certificate. */
  authority: Buffer | undefined
}

const tag = 'systeminfo'

export function infoRoutes(settings: SettingsReader, { version, externalUrl, storage, authority }: About) {
  return [
    route({
      id: 'getSystemInfo', tag, method: 'GET', path: '/systeminfo', access: 'anyone',
      summary: 'What a client needs to know before it logs in; more for who is logged in',
      schema: { answers: { 200: GeneralInfo } },
      async handler({ caller, request }) {
        const { auth_mode, primary_auth_mode, self_registration, banner_message, oidc_name, project_creation_restriction, read_only, notification_enable } = await settings.all()
        const open = { auth_mode, primary_auth_mode, self_registration, banner_message, ...(oidc_name === '' ? {} : { oidc_provider_name: oidc_name }) }
        if (caller.kind === 'anonymous') return { status: 200, body: open }
        const host = request.headers.host ?? 'localhost'
        return {
          status: 200,
          body: {
            ...open, project_creation_restriction, read_only, notification_enable,
            current_time: new Date().toISOString(), harbor_version: version, has_ca_root: authority !== undefined,
            registry_url: externalUrl ? new URL(externalUrl).host : host, external_url: externalUrl ?? `http://${host}`, registry_storage_provider_name: storage.driver,
          },
        }
      },
    }),
    route({
      id: 'getVolumes', tag, method: 'GET', path: '/systeminfo/volumes', access: { system: 'system-volumes', verb: 'read' },
      summary: 'Room on the disk that holds the blobs; none is listed where a bucket does',
      schema: { answers: { 200: SystemInfo } },
      async handler() {
        if (storage.root === undefined) return { status: 200, body: { storage: [] } }
        const { blocks, bavail, bsize } = await statfs(storage.root)
        return { status: 200, body: { storage: [{ total: blocks * bsize, free: bavail * bsize }] } }
      },
    }),
    route({
      id: 'getCert', tag, method: 'GET', path: '/systeminfo/getcert', access: 'anyone',
      summary: "Download the certificate of the authority that signed the server's (MARINA_CA_CERT)",
      schema: { answers: { 200: null } },
      async handler({ header }) {
        if (!authority) throw new Failure('NOT_FOUND', 'no certificate of an authority is configured')
        header('content-type', 'application/x-x509-ca-cert')
        header('content-disposition', 'attachment; filename=ca.crt')
        return { status: 200, body: authority }
      },
    }),
  ]
}
