import { openMachineRole, roleAddresses, type MachineRole } from '../features/endpoints/index.ts'
import { openOutbound, type Outbound } from '../platform/outbound/outbound.ts'
import { openRemotes } from '../registry/remote/remotes.ts'
import type { OpenRemote } from '../registry/remote/types.ts'
import type { Ground } from './ground.ts'

/** What features need to reach other registries. */
export type OtherSide = { openRemote: OpenRemote; machineRole: MachineRole }

/** What must be closed later is given to `opened`. */
export function openOtherSide(
  { config, db, log }: Ground,
  outbound: Outbound,
  opened: AsyncDisposableStack,
): OtherSide {
  // The only calls to link-local addresses: what a person enters never leads there.
  const metadata = openOutbound({ allow: roleAddresses })
  opened.defer(() => metadata.close())
  return {
    openRemote: openRemotes({
      db,
      outbound,
      log,
      limits: { ...config.endpoints, manifestBytes: config.limits.manifestBytes },
    }),
    machineRole: openMachineRole({ outbound: metadata, env: process.env }),
  }
}
