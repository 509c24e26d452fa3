import { Logger, runMigrations, runTaskList, type TaskList, type WorkerEvents, type WorkerPool } from 'graphile-worker'
import type { Pool } from 'pg'
import type { Db } from '../db/db.ts'
import type { Log } from '../observe/log.ts'

/** How often each idle worker polls for jobs, in ms; a new job is usually announced to it. */
export const pollMs = 4000

/** Creates and updates the queue library's own tables. Several processes may do so at once. */
export async function prepareQueue(db: Db, log: Log): Promise<void> {
  await runMigrations({ pgPool: db.lendPool(0).pool, logger: loggerTo(log) })
}

type QueueOptions = {
  pool: Pool
  log: Log
  concurrency: number
  events: WorkerEvents
  tasks: TaskList
  /** Types of which no more jobs may be taken now; called before each look for a job. */
  closedTypes(): string[]
}

/** Begins to take jobs. The library is set so that it never ends the process; it aborts a job only after an hour. */
export function startQueue({ pool, log, concurrency, events, tasks, closedTypes }: QueueOptions): WorkerPool {
  const preset = { worker: { gracefulShutdownAbortTimeout: 3_600_000 } }
  return runTaskList(
    {
      concurrency,
      pollInterval: pollMs,
      noHandleSignals: true,
      logger: loggerTo(log),
      events,
      forbiddenFlags: closedTypes,
      preset,
    },
    tasks,
    pool,
  )
}

/** Passes the library's log lines on: warnings and errors as warnings, all others as debug. */
function loggerTo(log: Log): Logger {
  return new Logger(() => (level, message) => {
    if (level === 'error' || level === 'warning') log.warn({ from: 'queue' }, message)
    else log.debug({ from: 'queue' }, message)
  })
}
