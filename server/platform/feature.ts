import type { Db } from './db/db.ts'
import type { Reaction } from './events/reaction.ts'
import type { JobHandler } from './jobs/type.ts'
import type { Component } from './observe/health.ts'
import type { Metrics } from './observe/metrics.ts'

/** Work that is repeated while the process serves, such as removing what is old. */
type Sweep = {
  /** The log's words when it fails: `old sessions not removed`. */
  trouble: string
  everyMs: number
  /** Errors are logged and tried again at the next turn. */
  run(signal: AbortSignal): Promise<unknown>
}

/** Something that runs from a start to its disposal. */
type Service = () => AsyncDisposable | Promise<AsyncDisposable>

/**
 * One feature as a value: what it adds to each part of Marina, made from what it was lent. Making one has no effects: nothing is
 * read, written or started before the roof asks for it. The list of all stands in app/features.ts.
 */
export type Feature<Route = unknown, Topic = unknown> = {
  /** That of its folder. */
  name: string
  /** The facts that it emits. */
  topics?: Readonly<Record<string, Topic>>
  /** Its operations of the REST API. */
  routes?: Route[]
  /** "When X happens, do Y." */
  reactions?: Reaction[]
  /** Its work in the background; runs in processes that work. */
  jobs?: JobHandler[]
  /** Puts what comes back by itself on the calendar, once for all processes. */
  schedule?(db: Db): Promise<void>
  /** Runs in each process that works jobs. */
  workers?: Service[]
  /** Frees what dead processes held in its tables; called for a database that no other process uses yet. */
  afterCrash?(db: Db): Promise<void>
  /** Runs before the first request is taken: what others must find there. */
  prepare?(): Promise<void>
  /** Runs now and then in each process that serves. */
  sweeps?: Sweep[]
  /** What health and metrics look at. */
  components?: Component[]
  /** What it counts. */
  measure?(metrics: Metrics): void
}

/** Writes a feature down with its type. */
export const feature = <const F extends Feature>(value: F): F => value
