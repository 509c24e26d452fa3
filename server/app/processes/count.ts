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

/**
 * The connections of the main pool, of all serving processes together. More than a few for each core only wait for one
 * another, and a session that has stored a manifest takes 6 MiB.
 */
export function poolSizeOf({ database: { poolSize } }: Config): number {
  return poolSize === 'auto' ? Math.min(20, Math.max(8, 4 * availableParallelism())) : poolSize
}

/** A process needs this many connections at least: a push holds one, and what it asks beside needs others. */
const leastPool = 4

/** The settings of one of `most` processes: they share the connections to the database, and one page of metrics. */
export function settingsOfOne(config: Config, most: number, databaseUrl: string): Config {
  const all = poolSizeOf(config)
  const poolSize = Math.max(Math.min(leastPool, all), Math.ceil(all / most))
  return {
    ...config,
    database: { ...config.database, url: databaseUrl, poolSize },
    metrics: { ...config.metrics, port: 'off' },
  }
}
