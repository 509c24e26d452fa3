import { MiB, hour, minute, setting, size, time } from './setting.ts'
import { integer, oneOf } from './units.ts'

/** Background jobs, and the processes that run them. */
export const jobs = {
  workers: setting({
    env: 'MARINA_WORKERS',
    path: 'jobs.workers',
    parse: oneOf('in-process', 'none'),
    fallback: 'in-process',
    help: 'whether marina serve runs jobs itself; with none, marina work has to run beside it',
  }),
  concurrency: setting({
    env: 'MARINA_WORKER_CONCURRENCY',
    path: 'jobs.concurrency',
    parse: integer(1, 200),
    fallback: 16,
    help: 'jobs that one process runs at once',
  }),
  leaseMs: time({
    env: 'MARINA_WORKER_LEASE',
    path: 'jobs.lease',
    min: 2000,
    max: 10 * minute,
    fallback: 30_000,
    help:
      'a process that runs jobs and sends no heartbeat for this long is taken for dead; its jobs run again elsewhere ' +
      'or end in error',
  }),
  logBytes: size({
    env: 'MARINA_JOB_LOG_BYTES',
    path: 'jobs.log_bytes',
    min: 4096,
    max: 64 * MiB,
    fallback: MiB,
    help: 'size of the log that one job may write',
  }),
  keepMs: time({
    env: 'MARINA_JOB_KEEP',
    path: 'jobs.keep',
    min: 24 * hour,
    max: 8760 * hour,
    fallback: 90 * 24 * hour,
    help: 'executions that ended longer ago are deleted with their logs; of each type only the newest are kept anyway',
  }),
}
