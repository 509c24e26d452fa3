import type { Actor } from '../../catalog/topics.ts'
import type { Db } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { loginNameOf, markExpiring } from './store.ts'
import { facts } from './topics.ts'

const batch = 500
const marina: Actor = { kind: 'system', id: null, name: 'marina' }

/** Warns of robots that expire within `warningMs`, each once for each expiry, in batches. Returns how many. */
export async function warnOfExpiry(db: Db, warningMs: number, prefix: string, signal?: AbortSignal): Promise<number> {
  for (let warned = 0; ;) {
    const robots = await db.transaction(async (tx) => {
      const due = await markExpiring(tx, warningMs, batch)
      await emit(
        tx,
        due.map(({ expiresAt, ...robot }) => {
          const { id: robotId, projectId } = robot
          const name = loginNameOf(robot, prefix)
          return facts.robotExpiresSoon({ robotId, name, projectId, expiresAt: expiresAt.toISOString() }, marina)
        }),
      )
      return due
    })
    warned += robots.length
    if (robots.length < batch || signal?.aborted) return warned
  }
}
