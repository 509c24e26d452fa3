import { join } from 'node:path'
import { openGround } from './app.ts'
import { ConfigError, type Config } from './config/config.ts'
import { jobHandlers, openJobs, systemArtifactsOf } from './jobs.ts'
import { findRunningPostgres } from './platform/db/embedded.ts'
import type { Log } from './platform/observe/log.ts'
import { serveMetrics } from './platform/observe/metrics.ts'

/** A process that runs jobs and answers nobody: `marina work`. With the embedded PostgreSQL it stands beside a running Marina. */
export async function openWorker(config: Config, log: Log): Promise<{ close(): Promise<void> }> {
  const isEmbedded = config.databaseUrl === undefined
  if (isEmbedded && !(await findRunningPostgres(join(config.dataDir, 'postgres')))) throw new ConfigError('marina work runs beside marina serve on the same data folder, or with MARINA_DATABASE_URL')
  const ground = await openGround(config, log, { beside: isEmbedded })
  const opened = new AsyncDisposableStack()
  opened.defer(() => ground.close())
  try {
    opened.use(await openJobs(ground, jobHandlers(ground, systemArtifactsOf(ground))))
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
