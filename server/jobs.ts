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
    sweepHandler(db, () => handlers, Math.ceil(config.jobKeep / day)),
    cleanupHandler(artifacts),
    purgeHandler(db, topics),
    artifactExportHandler(db, artifacts),
    collectionHandler({ db, cache, blobs, gates: { untag: [tagStays({ cache })] } }, {
      delayMs: config.collectDelay, keepMs: config.undeleteWindow, perSecond: config.collectRate, window: config.collectWindow ? parseTimeWindow(config.collectWindow) : undefined,
    }),
  ]
  return handlers
}

/** One for each process: what cleanup criteria are registered with it counts. */
export function systemArtifactsOf({ db, blobs, config }: JobGround): SystemArtifacts {
  return openSystemArtifacts({ db, blobs, ttlMs: config.systemArtifactTtl, limits: { all: config.systemArtifactBytes, vendor: config.systemArtifactVendorBytes } })
}

/** Runs jobs in this process until it is disposed. */
export async function openJobs({ db, log, config, metrics }: JobGround, handlers: JobHandler[]): Promise<Workers> {
  await Promise.all([scheduleSweep(db), scheduleCleanup(db)])
  const workers = await openWorkers({
    db, handlers, log, concurrency: config.workerConcurrency, leaseMs: config.workerLease, logBytes: config.jobLogBytes, drainMs: Math.min(config.drain, 5000),
  })
  metrics.gauge('marina_jobs_running', 'Jobs that this process runs', () => workers.counts().running)
  return workers
}

/** Delivers webhooks from this process until it is disposed. */
export function openDeliveries({ db, secrets, log, config }: JobGround, outbound: Outbound): AsyncDisposable {
  return openDeliverer({
    db, secrets, outbound, log,
    rules: {
      tries: config.webhookTries, timeoutMs: config.webhookTimeout, backOffMs: config.webhookBackOff, mostMs: config.webhookBackOffMost,
      pauseAfter: config.webhookPauseAfter, probeMs: config.webhookProbe, answerBytes: config.webhookAnswerBytes,
    },
  })
}
