import { Failure } from '../../../platform/http/failure.ts'
import { HopelessJob } from '../../../platform/jobs/type.ts'
import type { Endpoints } from '../../endpoints/index.ts'
import type { Rules } from '../policy.ts'
import { localSide, type LocalGround } from './local.ts'
import { remoteSide } from './remote.ts'
import type { Side } from './side.ts'

export type SidesGround = LocalGround & { endpoints: Endpoints }
export type Sides = { source: Side; target: Side }

/** Opens both sides of a policy. Their calls end when the signal is aborted. */
export async function openSides(
  ground: SidesGround,
  { direction, endpointId }: Pick<Rules, 'direction' | 'endpointId'>,
  signal: AbortSignal,
): Promise<Sides> {
  const local = localSide(ground, signal)
  const opened = await ground.endpoints.open(endpointId).catch((error: unknown) => {
    if (error instanceof Failure && error.code === 'NOT_FOUND') throw new HopelessJob(error.message)
    throw error
  })
  const remote = remoteSide(opened, signal)
  return direction === 'push' ? { source: local, target: remote } : { source: remote, target: local }
}
