import { join } from 'node:path'
import { ConfigError, type Config } from '../config/config.ts'
import { findRunningPostgres } from '../platform/db/embedded.ts'
import { armFailpoints } from '../platform/failpoint.ts'
import { openWorkers } from '../platform/jobs/workers.ts'
import type { Log } from '../platform/observe/log.ts'
import { serveMetrics } from '../platform/observe/serve-metrics.ts'
import { openGround, type Ground } from './ground.ts'
import { openHouse, type Built } from './house.ts'
import { measureComponents } from './metrics.ts'
import { namingSettings } from './ports.ts'

/** Runs the jobs of all features in this process, and their other workers, until it is disposed of. */
export async function startWork(
  { db, log, config, metrics }: Ground,
  { features, components }: Pick<Built, 'features' | 'components'>,
): Promise<AsyncDisposable> {
  await using opened = new AsyncDisposableStack()
  await Promise.all(features.flatMap((one) => (one.schedule ? [one.schedule(db)] : [])))
  const handlers = features.flatMap((one) => one.jobs ?? [])
  const { concurrency, leaseMs, logBytes } = config.jobs
  const drainMs = Math.min(config.limits.drainMs, 5000)
  const workers = opened.use(await openWorkers({ db, handlers, log, concurrency, leaseMs, logBytes, drainMs }))
  components.push(workers.component)
  metrics.gauge('marina_jobs_running', 'Jobs that this process runs', () => workers.counts().running)
  for (const open of features.flatMap((one) => one.workers ?? [])) opened.use(await open())
  return opened.move()
}

/**
 * A process that runs jobs and serves no requests: `marina work`. With the embedded PostgreSQL it needs a Marina that
 * runs on the same data folder.
 */
export async function openWorker(config: Config, log: Log, signal?: AbortSignal): Promise<{ close(): Promise<void> }> {
  if (config.testing.failpoints) armFailpoints(config.testing.failpoints)
  const isEmbedded = config.database.url === undefined
  if (isEmbedded && !(await findRunningPostgres(join(config.server.dataDir, 'postgres')))) {
    throw new ConfigError('marina work runs beside marina serve on the same data folder, or with MARINA_DATABASE_URL')
  }
  await using opened = new AsyncDisposableStack()
  const ground = await openGround(config, log, { beside: isEmbedded, signal })
  opened.defer(() => ground.close())
  const built = openHouse(ground, opened)
  opened.use(await startWork(ground, built))
  measureComponents(ground.metrics, built.components)
  const { port, host } = config.metrics
  if (port !== 'off') {
    const naming = namingSettings(port, 'MARINA_METRICS_PORT', host, 'MARINA_METRICS_HOST')
    const measured = await serveMetrics(ground.metrics.registry, port, host).catch(naming)
    opened.defer(() => measured.close())
  }
  ground.db.hurry()
  const kept = opened.move()
  return { close: () => kept.disposeAsync() }
}
