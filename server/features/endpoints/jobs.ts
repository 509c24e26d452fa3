import type { Actor } from '../../catalog/topics.ts'
import type { Db } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { ensureSchedule } from '../../platform/jobs/schedule.ts'
import { handler, jobType, type Job, type JobHandler } from '../../platform/jobs/type.ts'
import { reachable, type Seal } from './open.ts'
import { checkHealth, type Health, type Reaching } from './ping.ts'
import { listAfter, noteCheck, type Endpoint } from './store.ts'
import { facts } from './topics.ts'

/** Asks all endpoints whether they answer, every five minutes. A run that takes longer makes the next one wait. */
export const healthCheck = jobType<Record<string, never>>({ name: 'ENDPOINT_HEALTH', isSingle: true, keep: 10 })

const marina: Actor = { kind: 'system', id: null, name: 'endpoint check' }

/** How many endpoints are asked at once: each may be silent for some seconds. */
const atOnce = 20

type Ground = Reaching & { db: Db; seal: Seal }

export function healthHandler(ground: Ground): JobHandler {
  return handler(healthCheck, async (job) => {
    const counts = { healthy: 0, unhealthy: 0 }
    for (let after = 0; ;) {
      job.signal.throwIfAborted()
      const some = await listAfter(ground.db, after, atOnce)
      if (some.length === 0) return { attrs: counts }
      for (const isHealthy of await Promise.all(some.map((one) => checkOne(ground, one, job))))
        counts[isHealthy ? 'healthy' : 'unhealthy']++
      after = some.at(-1)!.id
    }
  })
}

export async function scheduleHealthChecks(db: Db): Promise<void> {
  await ensureSchedule(db, healthCheck, { cronType: 'Custom', cron: '0 */5 * * * *', params: {} })
}

async function checkOne(ground: Ground, endpoint: Endpoint, { log }: Job): Promise<boolean> {
  const health = await check(ground, endpoint)
  if (!health.isHealthy) log(`${endpoint.name}: ${health.why}`, 'WARNING')
  // A registry that asks for a pause stays what it was.
  if (!health.isHealthy && health.isBusy) return endpoint.status === 'healthy'
  await note(ground.db, endpoint, health.isHealthy ? '' : health.why)
  return health.isHealthy
}

/** One endpoint that Marina itself cannot use, such as one whose secret has another key, does not end the run. */
async function check(ground: Ground, endpoint: Endpoint): Promise<Health> {
  try {
    return await checkHealth(ground, reachable(ground.seal, endpoint))
  } catch (error) {
    return {
      isHealthy: false,
      why: error instanceof Error ? error.message : String(error),
      isBusy: false,
      isForbidden: false,
    }
  }
}

/** Saves what was found; a fact tells of a change from healthy to unhealthy or back. */
async function note(db: Db, endpoint: Endpoint, trouble: string): Promise<void> {
  const status = trouble === '' ? 'healthy' : 'unhealthy'
  const about = { endpointId: endpoint.id, name: endpoint.name }
  await db.transaction(async (tx) => {
    const isNoted = await noteCheck(tx, endpoint, { status, trouble })
    if (!isNoted || status === endpoint.status) return
    const fact =
      trouble === '' ? facts.endpointRecovered(about, marina) : facts.endpointFailed({ ...about, why: trouble }, marina)
    await emit(tx, [fact])
  })
}
