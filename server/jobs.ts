import type { Config } from './config/config.ts'
import { scheduleSweep, sweepHandler } from './features/job-service/index.ts'
import { cleanupHandler, openSystemArtifacts, scheduleCleanup, type SystemArtifacts } from './features/system-artifacts/index.ts'
import type { Blobs } from './platform/blobs/blobs.ts'
import type { Db } from './platform/db/db.ts'
import type { JobHandler } from './platform/jobs/type.ts'
import { openWorkers, type Workers } from './platform/jobs/workers.ts'
import type { Log } from './platform/observe/log.ts'
import type { Metrics } from './platform/observe/metrics.ts'

const day = 86_400_000

/** What jobs stand on: a part of what every command opens. */
type Ground = { config: Config; log: Log; db: Db; blobs: Blobs; metrics: Metrics }

/** Everything that runs in the background, by its name in the queue. */
export function jobHandlers(ground: Ground): JobHandler[] {
  const { db, config } = ground
  const artifacts = systemArtifactsOf(ground)
  const handlers: JobHandler[] = [
    sweepHandler(db, () => handlers, Math.ceil(config.jobKeep / day)),
    cleanupHandler(artifacts),
  ]
  return handlers
}

export function systemArtifactsOf({ db, blobs, config }: Ground): SystemArtifacts {
  return openSystemArtifacts({ db, blobs, ttlMs: config.systemArtifactTtl, limits: { all: config.systemArtifactBytes, vendor: config.systemArtifactVendorBytes } })
}

/** Runs jobs in this process until it is disposed. */
export async function openJobs({ db, log, config, metrics }: Ground, handlers: JobHandler[]): Promise<Workers> {
  await Promise.all([scheduleSweep(db), scheduleCleanup(db)])
  const workers = await openWorkers({
    db, handlers, log, concurrency: config.workerConcurrency, leaseMs: config.workerLease, logBytes: config.jobLogBytes, drainMs: Math.min(config.drain, 5000),
  })
  metrics.gauge('marina_jobs_running', 'Jobs that this process runs', () => workers.counts().running)
  return workers
}
