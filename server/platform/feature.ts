import type { Db } from './db/db.ts'
import type { Reaction } from './events/reaction.ts'
import type { JobHandler } from './jobs/type.ts'
import type { Component } from './observe/health.ts'
import type { Metrics } from './observe/metrics.ts'

/** Work that is repeated while the process serves, such as removing what is old. */
type Sweep = {
  /** The log line when it fails: `old sessions not removed`. */
  trouble: string
  everyMs: number
  /** An error is logged; the next run retries. */
  run(signal: AbortSignal): Promise<unknown>
  /** Runs once when the process ends in order, after its last request and its last job. */
  atEnd?(): Promise<unknown>
}

/** Starts something that runs until it is disposed. */
type Service = () => AsyncDisposable | Promise<AsyncDisposable>

/**
 * One feature as a value: what it adds to each part of Marina, made from the parts that it is lent. Making it has no
 * effects: nothing is read, written or started before app/ asks for it. app/features.ts lists all features.
 */
export type Feature<Route = unknown, Topic = unknown> = {
  /** The name of its folder. */
  name: string
  /** The facts that it emits. */
  topics?: Readonly<Record<string, Topic>>
  /** Its operations of the REST API. */
  routes?: Route[]
  /** "When X happens, do Y." */
  reactions?: Reaction[]
  /** Its background jobs; they run in processes that have workers. */
  jobs?: JobHandler[]
  /** Saves its schedules, once for all processes. */
  schedule?(db: Db): Promise<void>
  /** Services that run in each process that has workers. */
  workers?: Service[]
  /** Releases what dead processes hold in its tables; called for a database that no other process uses yet. */
  afterCrash?(db: Db): Promise<void>
  /** Runs before the first request is taken, to create what requests need. */
  prepare?(): Promise<void>
  /** Run regularly in each process that serves requests. */
  sweeps?: Sweep[]
  /** Ends answers that would last for ever, when the process begins to end; resolves when nothing of them runs. */
  drain?(): Promise<void>
  /** Its parts that health and metrics check. */
  components?: Component[]
  /** Registers its metrics. */
  measure?(metrics: Metrics): void
}

/** Returns the value with its exact type. */
export const feature = <const F extends Feature>(value: F): F => value
