import type { Ground } from '../app/ground.ts'
import type { Call } from './command.ts'
import { leaveOnSignal } from './signals.ts'

/** Database, storage and cache for one command, beside a running Marina or without one. */
export async function withGround({ load }: Call, work: (ground: Ground) => Promise<void>): Promise<void> {
  const { config } = await load()
  leaveOnSignal()
  const [{ openGround }, { openLog }] = await Promise.all([
    import('../app/ground.ts'),
    import('../platform/observe/log.ts'),
  ])
  const ground = await openGround(config, openLog({ level: 'warn', format: config.log.format }), { beside: true })
  try {
    await work(ground)
  } finally {
    await ground.close()
  }
}
