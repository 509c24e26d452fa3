import type { Queryable } from '../db/db.ts'
import type { Level } from './log.ts'

/** Harbor's words. A task that waits, also for its next try, is Pending. */
export type Status = 'Pending' | 'Running' | 'Success' | 'Error' | 'Stopped'
export type Trigger = 'MANUAL' | 'SCHEDULE' | 'EVENT'

/** JSON that a job carries. No secrets: names or ids of what holds them. */
export type Params = Record<string, unknown>

/** What kind of job it is and how it is treated. Parameters are read back as they were given, so they must be plain JSON. */
export type JobType<P extends Params = Params> = {
  /** Harbor's name: GARBAGE_COLLECTION, WEBHOOK, ... */
  name: string
  /** How many at once in one process; the process itself runs at most MARINA_WORKER_CONCURRENCY of all types. */
  concurrency: number
  /** Tries before it ends in error, at least 1. A try that was lost with its worker counts; one that a shutdown cut short does not. */
  maxTries: number
  /** Pause before try n + 1: firstMs × 2^(n - 1), at most mostMs, a quarter up or down at random. */
  backOff: { firstMs: number; mostMs: number }
  /** A try that takes longer is aborted and counts as failed. */
  timeoutMs: number
  /** -10 (first) to 10 (last), 0 for most. */
  priority: number
  /** At most one runs at a time, on whatever process; others wait. Per vendor id. */
  isAlone: boolean
  /** At most one execution is unfinished at a time, per vendor id; `enqueue` throws AlreadyRunning, a schedule skips its turn. */
  isSingle: boolean
  /** Ended executions that are kept, per vendor id. */
  keep: number
  /** For the types only. */
  params?: P
}

const defaults = {
  concurrency: 5,
  maxTries: 1,
  backOff: { firstMs: 1000, mostMs: 300_000 },
  timeoutMs: 24 * 3_600_000,
  priority: 0,
  isAlone: false,
  isSingle: false,
  keep: 50,
}

/** Defines a type of job; what is not given is as most jobs have it: one try, five at once, a day at most, fifty executions kept. */
export function jobType<P extends Params = Params>(given: Partial<JobType<P>> & { name: string }): JobType<P> {
  return { ...defaults, ...given }
}

/** A job while it runs. */
export type Job<P extends Params = Params> = {
  params: P
  taskId: number
  executionId: number
  vendorId: number
  trigger: Trigger
  /** 1 for the first try. */
  attempt: number
  /** What earlier tries told of their progress; {} at the first. */
  earlier: Params
  /**
   * Aborted when somebody stops the job, when its time is over, when the process shuts down and when the process has lost its
   * lease. Pass it to everything that waits; a job that goes on regardless is written off ten seconds later.
   */
  signal: AbortSignal
  /** Adds a line to the job's log. Never secrets. A `last word`, such as what came of it, stands also in a log that is full. */
  log(line: string, level?: Level, as?: 'last word'): void
  /** Shows how far it is: merged into the task's extra_attrs, written at most once a second. */
  progress(attrs: Params): void
  /** The same in a transaction of the job's own: what it has done and what is told of it stand or fall together, whatever kills it. */
  keep(tx: Queryable, attrs: Params): Promise<void>
}

/** `attrs` go into the execution's extra_attrs, `message` becomes its status message. */
export type Outcome = { message?: string; attrs?: Params }

/** A type and what it does. A feature lists its own. */
export type JobHandler = { type: JobType; run(job: Job): Promise<Outcome | void> }

export function handler<P extends Params>(type: JobType<P>, run: (job: Job<P>) => Promise<Outcome | void>): JobHandler {
  return { type, run }
}

/** An execution of this kind, where only one may be, has not ended yet. */
export class AlreadyRunning extends Error {
  override name = 'AlreadyRunning'
}

/** A job throws it for what no further try can mend: it ends in error at once. */
export class HopelessJob extends Error {
  override name = 'HopelessJob'
}

export type AbortCause = 'stopped' | 'timeout' | 'shutdown' | 'lease lost'

/** Why a job's signal was aborted. */
export class JobAborted extends Error {
  override name = 'JobAborted'
  readonly why: AbortCause
  constructor(why: AbortCause) {
    super(`the job was aborted: ${why}`)
    this.why = why
  }
}
