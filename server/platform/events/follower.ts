import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseUnavailable, type Db } from '../db/db.ts'
import type { Log } from '../observe/log.ts'
import type { Part } from '../observe/part.ts'
import { holdPlace, lookAround, movePlace, park, readWindow, takePlace, type Place } from './places.ts'
import type { Reaction, Told } from './reaction.ts'

type FollowerOptions = {
  db: Db
  log: Log
  closing: AbortSignal
  /** Facts handed over at once. */
  batch: number
  /** After an error of the database, in ms. */
  pollMs: number
  /** A fact that was refused this often is parked. */
  tries: number
  /** The wait after the first refusal, in ms; it doubles up to a minute. */
  backOffMs: number
  part: Part
}

/** How one turn of a reaction ended. */
type Outcome = 'moved' | 'busy' | 'idle'
/** The window of a turn, and the facts in it that the reaction wants. */
type Turn = { place: Place; until: string; told: Told[] }

/** Before asking again for a place that another process holds, in ms. */
const busyMs = 20
const longestWaitMs = 60_000

/** Leads one reaction through the facts, turn after turn, at its own pace. */
export class Follower {
  readonly reaction: Reaction
  readonly #options: FollowerOptions
  /** How many facts it gets at once: less while one of them is refused, to find it. */
  #size: number
  #isAsked = false
  #running: Promise<void> | undefined

  constructor(reaction: Reaction, options: FollowerOptions) {
    this.reaction = reaction
    this.#options = options
    this.#size = options.batch
  }

  /** There are facts to take. Returns at once; asked while it runs, it looks once more before it ends. */
  start(): void {
    this.#isAsked = true
    this.#running ??= this.#run().finally(() => (this.#running = undefined))
  }

  /** Resolves when what runs has ended. */
  async ended(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    const { closing, part, pollMs } = this.#options
    const { name } = this.reaction
    while (this.#isAsked && !closing.aborted) {
      this.#isAsked = false
      try {
        await this.#catchUp()
        part.well(name)
      } catch (error) {
        part.failed(name, error)
        await pause(pollMs, closing)
      }
    }
  }

  /** Turn after turn, until there is nothing more to take. */
  async #catchUp(): Promise<void> {
    const { db, closing } = this.#options
    while (!closing.aborted) {
      const { now, behind } = await lookAround(db, [this.reaction.name])
      if (behind.length === 0) return
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
        await movePlace(tx, name, until, read.length < size ? undefined : read.at(-1)!.id)
        return 'moved'
      })
      if (outcome === 'moved') this.#size = Math.min(batch, size * 2)
      return outcome
    } catch (error) {
      return this.#failed(turn, error)
    }
  }

  async #failed(turn: Turn | undefined, error: unknown): Promise<Outcome> {
    if (!turn || turn.told.length === 0) throw error
    if (error instanceof DatabaseUnavailable) {
      // It may be away; or so many facts were too much for the time that a statement has.
      this.#size = Math.max(1, turn.told.length >> 1)
      throw error
    }
    await this.#refused(turn, error)
    return 'moved'
  }

  /**
   * Of many facts one is to blame: fewer at once will show which. One alone is tried again later, and parked in the
   * end.
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
      // Another process has moved it since: what it found counts.
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
