import type { Queryable } from '../db/db.ts'
import type { Level } from './log.ts'

/** Harbor's words. A task that waits, also for a retry, is Pending. */
export type Status = 'Pending' | 'Running' | 'Success' | 'Error' | 'Stopped'
export type Trigger = 'MANUAL' | 'SCHEDULE' | 'EVENT'

/** The JSON parameters of a job. They must not hold secrets, only names or ids of what holds those. */
export type Params = Record<string, unknown>

/** A type of job and how it is run. Parameters must be plain JSON, as they are stored. */
export type JobType<P extends Params = Params> = {
  /** Harbor's name: GARBAGE_COLLECTION, WEBHOOK, ... */
  name: string
  /** How many run at once in one process, which runs at most MARINA_WORKER_CONCURRENCY jobs of all types. */
  concurrency: number
  /**
   * Tries before the job ends in Error, at least 1. A try lost with its process counts; one cut short by a shutdown
   * does not.
   */
  maxTries: number
  /**
   * Whether a try that is lost with its process counts as failed. A job that goes on where it was cut short may say
   * false; it ends in Error after 100 runs all the same, as it may be what kills the processes.
   */
  countsLosses: boolean
  /** The back-off before try n + 1: firstMs × 2^(n - 1), at most mostMs, with jitter of a quarter up or down. */
  backOff: { firstMs: number; mostMs: number }
  /** A try that takes longer is aborted and counts as failed. */
  timeoutMs: number
  /** -10 (first) to 10 (last), 0 for most. */
  priority: number
  /** At most one runs at a time on all processes; others wait. Per vendor id. */
  isAlone: boolean
  /** At most one execution per vendor id is unfinished; `enqueue` throws AlreadyRunning, a schedule skips its turn. */
  isSingle: boolean
  /** How many ended executions are kept, per vendor id. */
  keep: number
  /**
   * The lane of a task, such as the server that it talks to: lanes share the type's `concurrency` fairly (lanes.ts), so
   * that a slow server holds up no other. Undefined for none.
   */
  lane?(params: P): string | undefined
  /** Never set: it only carries the type of the parameters. */
  params?: P
}

const defaults = {
  concurrency: 5,
  maxTries: 1,
  countsLosses: true,
  backOff: { firstMs: 1000, mostMs: 300_000 },
  timeoutMs: 24 * 3_600_000,
  priority: 0,
  isAlone: false,
  isSingle: false,
  keep: 50,
}

/** Defines a type of job. The defaults suit most: one try, five at once, a day at most, fifty executions kept. */
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
  /** The progress of earlier tries; {} at the first. */
  earlier: Params
  /**
   * Aborted when the job is stopped, exceeds its time, or its process shuts down or loses its lease. Pass it to
   * everything that waits: a job that goes on is written off ten seconds later.
   */
  signal: AbortSignal
  /**
   * Adds a line to the job's log; never secrets. A `last word`, such as the result, is written even when the log is
   * full.
   */
  log(line: string, level?: Level, as?: 'last word'): void
  /** Shows the job's progress: merged into the task's extra_attrs, written at most once a second. */
  progress(attrs: Params): void
  /**
   * The same in a transaction of the job: its work and its progress are committed together. Throws when the run no
   * longer counts.
   */
  keep(tx: Queryable, attrs: Params): Promise<void>
}

/** `attrs` go into the execution's extra_attrs, `message` becomes its status message. */
export type Outcome = { message?: string; attrs?: Params }

/** A type and the function that runs its jobs. Each feature lists its own. */
export type JobHandler = { type: JobType; run(job: Job): Promise<Outcome | void> }

export function handler<P extends Params>(type: JobType<P>, run: (job: Job<P>) => Promise<Outcome | void>): JobHandler {
  return { type, run }
}

/** The type is single, and its last execution has not ended yet. */
export class AlreadyRunning extends Error {
  override name = 'AlreadyRunning'
}

/** A job throws it when no retry can help: the job ends in Error at once. */
export class HopelessJob extends Error {
  override name = 'HopelessJob'
}

/** A job throws it to run again after `ms`; this counts as no try. */
export class JobPostponed extends Error {
  override name = 'JobPostponed'
  readonly ms: number
  constructor(why: string, ms: number) {
    super(why)
    this.ms = ms
  }
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
