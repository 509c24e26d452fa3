import type { Config } from '../../config/config.ts'
import type { Component, State } from '../../platform/observe/health.ts'

/** The place of a process among the serving processes of one `marina serve`. */
export type Seat = {
  /** Beside answering requests, this process runs jobs, sweeps and reactions. One of them does. */
  isLead: boolean
  /** Nothing was prepared before: this process migrates the database, and makes what a first start makes. */
  isFirst: boolean
  /** The database was just started, so that no other process uses it. */
  isFreshDatabase: boolean
  /** Several processes listen on the port; undefined until the first of them has chosen one. */
  shared: { port: number | undefined } | undefined
  /** Undefined in a process that is alone. */
  siblings: Siblings | undefined
}

/** What the serving processes of one `marina serve` tell each other, through the one that started them. */
export type Siblings = {
  /** Tells the lead of a subject that a commit of this process told; see Db.onTold. */
  tellLead(subject: string): void
  /** Tells the lease on the cache that this process has from now on, for the case that it is killed. */
  tellLease(id: string): void
  /** Calls `listener` for each subject that a sibling tells. */
  onTold(listener: (subject: string) => void): void
  /** How the background parts of the lead are; rejects when it does not answer. */
  statesOfLead(): Promise<State[]>
  /** For health: unhealthy while a process is replaced. */
  component: Component
}

/** The seat of a process that is alone. */
export const alone: Seat = {
  isLead: true,
  isFirst: true,
  isFreshDatabase: false,
  shared: undefined,
  siblings: undefined,
}

/** From the supervisor to a serving process. */
export type ToServing =
  | { kind: 'start'; config: Config; seat: Omit<Seat, 'siblings'> }
  | { kind: 'stop' }
  /** A process was killed that had this lease on the cache. */
  | { kind: 'lost'; lease: string }
  /** A sibling's commit told this subject. */
  | { kind: 'told'; subject: string }
  /** False while a process of this Marina is being replaced. */
  | { kind: 'wellness'; isWell: boolean }
  /** Part of the clients, from 0 to 1, shall connect anew: another process listens on the port from now on. */
  | { kind: 'spread'; part: number }

/** From a serving process to the supervisor. */
export type ToSupervisor =
  | { kind: 'ready'; port: number; firstPassword: string | undefined }
  /** The start failed with this error. */
  | { kind: 'refused'; name: string; message: string; code: string | undefined; stack: string | undefined }
  | { kind: 'told'; subject: string }
  | { kind: 'lease'; id: string }
  /** The part of the last second, from 0 to 1, in which the process was not idle. Sent only above 0.1. */
  | { kind: 'load'; part: number }
  /** The last figures of a process that ends when asked to, as prom-client's JSON. */
  | { kind: 'figures'; figures: Figures }

/** Metrics of one process, as prom-client's `getMetricsAsJSON` gives them. */
export type Figures = { name: string; type: unknown }[]
