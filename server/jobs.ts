import type { Config } from './config/config.ts'
import type { Secrets } from './config/secrets.ts'
import { purgeHandler } from './features/audit/index.ts'
import { artifactExportHandler } from './features/exports/index.ts'
import { collectionHandler, parseTimeWindow } from './features/gc/index.ts'
import { tagStays } from './features/immutability/index.ts'
import { scheduleSweep, sweepHandler } from './features/job-service/index.ts'
import { openDeliverer } from './features/webhooks/index.ts'
import { cleanupHandler, openSystemArtifacts, scheduleCleanup, type SystemArtifacts } from './features/system-artifacts/index.ts'
import type { Blobs } from './platform/blobs/blobs.ts'
import type { Cache } from './platform/cache/cache.ts'
import type { Db } from './platform/db/db.ts'
import type { JobHandler } from './platform/jobs/type.ts'
import { openWorkers, type Workers } from './platform/jobs/workers.ts'
import type { Log } from './platform/observe/log.ts'
import type { Metrics } from './platform/observe/metrics.ts'
import type { Outbound } from './platform/outbound/outbound.ts'
import { topics } from './reactions.ts'

const day = 86_400_000

/** What jobs stand on. */
export type JobGround = { config: Config; log: Log; secrets: Secrets; db: Db; cache: Cache; blobs: Blobs; metrics: Metrics }

/** Everything that runs in the background, by its name in the queue. */
export function jobHandlers({ db, cache, blobs, config }: JobGround, artifacts: SystemArtifacts): JobHandler[] {
  const handlers: JobHandler[] = [
    sweepHandler(db, () => handlers, Math.ceil(config.jobs.keepMs / day)),
    cleanupHandler(artifacts),
    purgeHandler(db, topics),
    artifactExportHandler(db, artifacts),
    collectionHandler({ db, cache, blobs, gates: { untag: [tagStays({ cache })] } }, pace(config.collection)),
  ]
  return handlers
}

function pace({ delayMs, undeleteMs, perSecond, window }: Config['collection']) {
  return { delayMs, keepMs: undeleteMs, perSecond, window: window ? parseTimeWindow(window) : undefined }
}

/** One for each process: what cleanup criteria are registered with it counts. */
export function systemArtifactsOf({ db, blobs, config }: JobGround): SystemArtifacts {
  const { ttlMs, bytes, vendorBytes } = config.systemArtifacts
  return openSystemArtifacts({ db, blobs, ttlMs, limits: { all: bytes, vendor: vendorBytes } })
}

/** Runs jobs in this process until it is disposed. */
export async function openJobs({ db, log, config, metrics }: JobGround, handlers: JobHandler[]): Promise<Workers> {
  await Promise.all([scheduleSweep(db), scheduleCleanup(db)])
  const { concurrency, leaseMs, logBytes } = config.jobs
  const drainMs = Math.min(config.limits.drainMs, 5000)
  const workers = await openWorkers({ db, handlers, log, concurrency, leaseMs, logBytes, drainMs })
  metrics.gauge('marina_jobs_running', 'Jobs that this process runs', () => workers.counts().running)
  return workers
}

/** Delivers webhooks from this process until it is disposed. */
export function openDeliveries({ db, secrets, log, config }: JobGround, outbound: Outbound): AsyncDisposable {
  return openDeliverer({ db, secrets, outbound, log, rules: config.webhooks })
}
