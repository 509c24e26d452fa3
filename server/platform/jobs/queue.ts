import { Logger, runMigrations, runTaskList, type TaskList, type WorkerEvents, type WorkerPool } from 'graphile-worker'
import type { Pool } from 'pg'
import type { Db } from '../db/db.ts'
import type { Log } from '../observe/log.ts'

/** How often each idle worker looks for jobs that nobody announced to it, in ms. */
export const pollMs = 4000

/** Makes and updates the queue's own tables. Safe on many processes at once. */
export async function prepareQueue(db: Db, log: Log): Promise<void> {
  const pool = db.openPool(2)
  try {
    await runMigrations({ pgPool: pool, logger: loggerTo(log) })
  } finally {
    await pool.end()
  }
}

type QueueOptions = {
  pool: Pool
  log: Log
  concurrency: number
  events: WorkerEvents
  tasks: TaskList
  /** Types of which no more may be taken now, asked before each look for a job. */
  closedTypes(): string[]
}

/**
 * Begins to take jobs. The library never ends the process, and never aborts jobs by itself: its own limit is an hour.
 */
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

/** The library's words, at our levels: what it says of every job is of no interest. */
function loggerTo(log: Log): Logger {
  return new Logger(() => (level, message) => {
    if (level === 'error' || level === 'warning') log.warn({ from: 'queue' }, message)
    else log.debug({ from: 'queue' }, message)
  })
}
