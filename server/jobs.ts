import { join } from 'node:path'
import { openGround, type Ground } from './app.ts'
import { ConfigError, type Config } from './config/config.ts'
import { scheduleSweep, sweepHandler } from './features/job-service/index.ts'
import { cleanupHandler, openSystemArtifacts, scheduleCleanup, type SystemArtifacts } from './features/system-artifacts/index.ts'
import { findRunningPostgres } from './platform/db/embedded.ts'
import type { JobHandler } from './platform/jobs/type.ts'
import { openWorkers, type Workers } from './platform/jobs/workers.ts'
import type { Log } from './platform/observe/log.ts'
import { serveMetrics } from './platform/observe/metrics.ts'

const day = 86_400_000

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

/** A process that runs jobs and answers nobody: `marina work`. With the embedded PostgreSQL it stands beside a running Marina. */
export async function openWorker(config: Config, log: Log): Promise<{ close(): Promise<void> }> {
  const isEmbedded = config.databaseUrl === undefined
  if (isEmbedded && !(await findRunningPostgres(join(config.dataDir, 'postgres')))) throw new ConfigError('marina work runs beside marina serve on the same data folder, or with MARINA_DATABASE_URL')
  const ground = await openGround(config, log, { beside: isEmbedded })
  const opened = new AsyncDisposableStack()
  opened.defer(() => ground.close())
  try {
    opened.use(await openJobs(ground, jobHandlers(ground)))
    if (config.metricsPort !== 'off') {
      const measured = await serveMetrics(ground.metrics, config.metricsPort, config.metricsHost)
      opened.defer(() => measured.close())
    }
    return { close: () => opened.disposeAsync() }
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}
