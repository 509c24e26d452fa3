import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseUnavailable, type Db } from '../db/db.ts'
import type { Log } from '../observe/log.ts'
import type { Part } from '../observe/part.ts'
import { holdPlace, movePlace, park, readWindow, takePlace, type Place } from './places.ts'
import type { Reaction, Told } from './reaction.ts'

type FollowerOptions = {
  db: Db
  log: Log
  closing: AbortSignal
  /** The most facts that the reaction gets at once. */
  batch: number
  /** The pause after an error of the database, in ms. */
  pollMs: number
  /** A fact that the reaction refused this often is parked. */
  tries: number
  /** The back-off after the first refusal, in ms; it doubles with each one, up to a minute. */
  backOffMs: number
  part: Part
}

/** How one turn of a reaction ended. `busy`: another process has its place. `idle`: there is nothing left to take. */
type Outcome = 'moved' | 'busy' | 'idle'
/** The window of a turn, and the facts in it that the reaction wants. */
type Turn = { place: Place; until: string; told: Told[] }

/** The pause before a place that another process holds is asked for again, in ms. */
const busyMs = 20
const longestWaitMs = 60_000

/** Hands one reaction its facts, turn after turn. */
export class Follower {
  readonly reaction: Reaction
  readonly #options: FollowerOptions
  /** How many facts the reaction gets at once: fewer after a refusal, to find the fact that it refuses. */
  #size: number
  /** The snapshot up to which facts are to be taken next. */
  #asked: string | undefined
  #running: Promise<void> | undefined

  constructor(reaction: Reaction, options: FollowerOptions) {
    this.reaction = reaction
    this.#options = options
    this.#size = options.batch
  }

  /**
   * To be called when there are facts that are visible in the snapshot `now`. Returns at once; called while a run is
   * under way, it makes that run go on up to the later snapshot.
   */
  start(now: string): void {
    this.#asked = now
    this.#running ??= this.#run().finally(() => (this.#running = undefined))
  }

  /** Resolves when the run under way has ended. */
  async ended(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    const { closing, part, pollMs } = this.#options
    const { name } = this.reaction
    while (this.#asked !== undefined && !closing.aborted) {
      const now = this.#asked
      this.#asked = undefined
      try {
        await this.#catchUp(now)
        part.well(name)
      } catch (error) {
        part.failed(name, error)
        await pause(pollMs, closing)
      }
    }
  }

  /** Takes turn after turn until there are no more facts in the snapshot. */
  async #catchUp(now: string): Promise<void> {
    const { closing } = this.#options
    while (!closing.aborted) {
      const outcome = await this.#takeTurn(now)
      if (outcome === 'idle') return
      if (outcome === 'busy') await pause(busyMs, closing)
    }
  }

  async #takeTurn(now: string): Promise<Outcome> {
    const [{ db, batch }, size] = [this.#options, this.#size]
    let turn: Turn | undefined
    try {
      const outcome = await db.transaction(async (tx): Promise<Outcome> => {
        turn = undefined
        const { name, topics } = this.reaction
        const place = await takePlace(tx, name)
        if (!place) return 'busy'
        if (place.waitMs > 0) return 'idle'
        const until = place.until ?? now
        const read = await readWindow(tx, { ...place, until }, topics, size)
        if (read.length === 0 && place.until === null) return 'idle'
        turn = { place, until, told: read.filter(({ topic }) => topics === 'all' || topics.includes(topic)) }
        if (turn.told.length > 0) await this.reaction.handle(tx, turn.told)
        const isAll = read.length < size
        await movePlace(tx, name, until, isAll ? undefined : read.at(-1)!.id)
        return isAll && until === now ? 'idle' : 'moved'
      })
      if (outcome !== 'busy' && turn) this.#size = Math.min(batch, size * 2)
      return outcome
    } catch (error) {
      return this.#failed(turn, error)
    }
  }

  async #failed(turn: Turn | undefined, error: unknown): Promise<Outcome> {
    if (!turn || turn.told.length === 0) throw error
    if (error instanceof DatabaseUnavailable) {
      // The database may be away, or the batch was too large for the statement timeout.
      this.#size = Math.max(1, turn.told.length >> 1)
      throw error
    }
    await this.#refused(turn, error)
    return 'moved'
  }

  /**
   * Of several refused facts, halves the batch to find the one to blame. A single one is retried later, and parked in
   * the end.
   */
  async #refused({ place, until, told }: Turn, error: unknown): Promise<void> {
    if (told.length > 1) return void (this.#size = told.length >> 1)
    this.#size = 1
    const { db, log, tries, backOffMs } = this.#options
    const { name } = this.reaction
    const [fact] = told as [Told]
    const trouble = String(error).replaceAll('\0', '').slice(0, 2000)
    const failures = place.failingId === fact.id ? place.failures + 1 : 1
    const waitMs = Math.min(longestWaitMs, backOffMs * 2 ** (failures - 1))
    const isLast = failures >= tries
    await db.transaction(async (tx) => {
      const now = await takePlace(tx, name)
      // Another process has moved the reaction's place meanwhile: its result counts.
      if (!now || now.seen !== place.seen || now.until !== place.until || now.lastId !== place.lastId) return
      if (!isLast) return holdPlace(tx, name, until, { id: fact.id, failures, trouble, waitMs })
      await park(tx, name, fact, trouble)
      await movePlace(tx, name, until, fact.id)
    })
    const about = { reaction: name, fact: fact.id, topic: fact.topic, reason: trouble, failures }
    if (isLast) log.error(about, 'a fact was refused too often and is parked; those after it go on')
    else log.warn({ ...about, waitMs }, 'a fact was refused and is tried again')
  }
}

/** Ends early, and without an error, when the dispatcher closes. */
export async function pause(ms: number, closing: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: closing, ref: false }).catch(() => {})
}
