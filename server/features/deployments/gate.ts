import { OciError } from '../../../oci/errors.ts'
import type { UntagGate } from '../../registry/gate.ts'
import { findFirstRunning } from './store.ts'

/** Refuses to delete an artifact that a cluster runs, and an index together with a part that runs. Tags may go. */
export const runningStays: UntagGate = async (tx, { repository, digests }) => {
  if (digests.length === 0) return
  const running = await findFirstRunning(tx, repository, digests)
  if (!running) return
  const until = running.expiresAt.toISOString()
  throw new OciError(
    'PRECONDITION',
    `${repository}@${running.digest} runs in ${running.place}: stop it there, or wait until its report ` +
      `runs out (${until})`,
    { detail: { digest: running.digest, place: running.place, until } },
  )
}
