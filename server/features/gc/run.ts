import type { Actor } from '../../catalog/topics.ts'
import type { Blobs } from '../../platform/blobs/blobs.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import type { Level } from '../../platform/jobs/log.ts'
import type { UntagGates } from '../../registry/gate.ts'

/** What a run has done, or in a dry run would do. `freed` in bytes. `failed`: bytes that the storage did not let go; the next run tries again. */
export type Totals = { artifacts: number; links: number; blobs: number; files: number; freed: number; failed: number }

/** What counts on from try to try; what could not be removed is tried again and counts anew. */
export type Done = Omit<Totals, 'failed'>

export type CollectOptions = {
  /** How long something must have been unused, in ms. */
  delayMs: number
  /** How long what was deleted can be taken back, in ms; 0: not at all. */
  keepMs: number
  /** Delete artifacts without a tag, too. */
  isUntaggedGarbage: boolean
  isDryRun: boolean
  /** Removals from storage under way at once. */
  workers: number
  /** Removals from storage per second at most; 0: no limit. */
  perSecond: number
  /** Asked between steps; false ends the run before it is through. */
  mayGoOn(): boolean
  /** When it will next be true, in words, where it may be false. */
  begins?: string
}

export type Collection = {
  db: Db
  blobs: Blobs
  /** Who deletes artifacts without a tag, and what may keep them. */
  by: Actor
  gates: UntagGates
  signal: AbortSignal
  log(line: string, level?: Level, as?: 'last word'): void
  progress(totals: Totals & { estimate: number }): void
  /** Writes down what is done in the transaction that does it, so that who goes on after a kill knows. */
  keep?(tx: Tx, totals: Done): Promise<void>
  /** Of a run that was cut short, when this one goes on with it: counted on from there. */
  earlier?: Done
  options: CollectOptions
}

/** What every step of a run shares. `before`: what was noted until then is due, in the database's own time. */
export type Run = Collection & {
  before: Date
  totals: Totals
  step(): boolean
  told(): void
  counted: Counted
  say: Say
}

/** Runs one transaction of a collection; what it counts is kept by that very transaction, and counted once it is committed. */
export type Counted = <Result>(work: (tx: Tx, count: Count) => Promise<Result>) => Promise<Result>
export type Count = (more: Partial<Done>) => void

/** A line about one thing of a kind. */
type Say = (kind: string, line: string, level?: Level) => void
