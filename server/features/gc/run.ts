import type { Actor } from '../../catalog/topics.ts'
import type { Blobs } from '../../platform/blobs/blobs.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import type { Level } from '../../platform/jobs/log.ts'
import type { UntagGates } from '../../registry/gate.ts'

/**
 * What a run has removed, or in a dry run would remove. `freed` is in bytes. `failed` counts files that the storage
 * refused to remove; the next run tries again.
 */
export type Totals = { artifacts: number; links: number; blobs: number; files: number; freed: number; failed: number }

/** The counts that a retry adds to. Not `failed`: the retry tries these files again and counts them itself. */
export type Done = Omit<Totals, 'failed'>

export type CollectOptions = {
  /** How long something must have been unused, in ms. */
  delayMs: number
  /** For how long a deletion can be taken back, in ms; 0 means not at all. */
  keepMs: number
  /** Delete artifacts without a tag, too. */
  isUntaggedGarbage: boolean
  isDryRun: boolean
  /** Removals from storage under way at once. */
  workers: number
  /** The most removals from storage per second; 0 means no limit. */
  perSecond: number
  /** Called between steps; false ends the run early. */
  mayGoOn(): boolean
  /** The time at which `mayGoOn` becomes true again, for the log; set where it may be false. */
  begins?: string
}

export type Collection = {
  db: Db
  blobs: Blobs
  /** The actor that deletes artifacts without a tag, and the gates that may refuse it. */
  by: Actor
  gates: UntagGates
  signal: AbortSignal
  log(line: string, level?: Level, as?: 'last word'): void
  progress(totals: Totals & { estimate: number }): void
  /** Saves the counts in the transaction that does the work, so that a retry after a kill knows them. */
  keep?(tx: Tx, totals: Done): Promise<void>
  /** The counts of an earlier try that was cut short: this retry adds to them. */
  earlier?: Done
  options: CollectOptions
}

/** What every step of a run shares. Queue entries from before `before`, by the database's clock, are due. */
export type Run = Collection & {
  before: Date
  totals: Totals
  step(): boolean
  told(): void
  counted: Counted
  say: Say
}

/** Runs one transaction of a collection. The transaction saves what it counts; the totals grow once it is committed. */
export type Counted = <Result>(work: (tx: Tx, count: Count) => Promise<Result>) => Promise<Result>
export type Count = (more: Partial<Done>) => void

/** Logs a line about one thing of a kind. */
type Say = (kind: string, line: string, level?: Level) => void
