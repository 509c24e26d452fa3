import { availableParallelism } from 'node:os'
import type { Config } from '../../config/config.ts'

/** More processes than this are started only when MARINA_PROCESSES says so: each has its own cache and connections. */
const mostUnasked = 8

/**
 * How many processes serve under load (`most`) and without it (`least`). On systems other than Linux the kernel does
 * not share a port fairly, so there it is one.
 */
export function countProcesses({ server: { processes, processesIdle } }: Config): { most: number; least: number } {
  const unasked = process.platform === 'linux' ? Math.min(availableParallelism(), mostUnasked) : 1
  const most = processes === 'auto' ? unasked : processes
  return { most, least: Math.min(most, processesIdle) }
}

/** A process needs this many connections at least: a push holds one, and what it asks beside needs others. */
const leastPool = 5

/** The settings of one of `most` processes: they share the connections to the database, and one page of metrics. */
export function settingsOfOne(config: Config, most: number, databaseUrl: string): Config {
  const poolSize = Math.max(Math.min(leastPool, config.database.poolSize), Math.ceil(config.database.poolSize / most))
  return {
    ...config,
    database: { ...config.database, url: databaseUrl, poolSize },
    metrics: { ...config.metrics, port: 'off' },
  }
}
