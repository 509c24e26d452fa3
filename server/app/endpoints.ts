import { openMachineRole, roleAddresses, type MachineRole } from '../features/endpoints/index.ts'
import { openOutbound, type Outbound, type OutboundOptions } from '../platform/outbound/outbound.ts'
import { openRemotes } from '../registry/remote/remotes.ts'
import type { OpenRemote } from '../registry/remote/types.ts'
import type { Ground } from './ground.ts'

/** What features need to reach other registries. */
export type OtherSide = {
  openRemote: OpenRemote
  machineRole: MachineRole
  /** The same with connections of their own, so that a question never waits behind downloads. */
  openAsking: OpenRemote
}

/** Which addresses may be called, and through which proxies. */
export const outboundOptions = ({ outbound }: Ground['config']): OutboundOptions => ({
  allow: outbound.allow,
  proxy: { https: outbound.httpsProxy, http: outbound.httpProxy, no: outbound.noProxy },
})

/** What must be closed later is given to `opened`. */
export function openOtherSide(
  { config, db, log }: Ground,
  outbound: Outbound,
  opened: AsyncDisposableStack,
): OtherSide {
  // The only calls to link-local addresses: what a person enters never leads there.
  const metadata = openOutbound({ allow: roleAddresses })
  opened.defer(() => metadata.close())
  const asking = openOutbound(outboundOptions(config))
  opened.defer(() => asking.close())
  const lent = { db, log, limits: { ...config.endpoints, manifestBytes: config.limits.manifestBytes } }
  return {
    openRemote: openRemotes({ ...lent, outbound }),
    openAsking: openRemotes({ ...lent, outbound: asking }),
    machineRole: openMachineRole({ outbound: metadata, env: process.env }),
  }
}
