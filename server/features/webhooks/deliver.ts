import { randomUUID } from 'node:crypto'
import { listenTo } from '../../platform/db/listen.ts'
import { gathering } from '../../platform/gather.ts'
import { openLru } from '../../platform/lru.ts'
import type { Part } from '../../platform/observe/part.ts'
import { openPlaces, type Places } from '../../platform/places.ts'
import { every } from '../../platform/repeat.ts'
import { channel } from './deliveries.ts'
import { findNeglected, findOwners, releaseTargets, takeTargets, type Held } from './queue.ts'
import { Rounds, type RoundsOptions } from './round.ts'

export type DelivererOptions = Pick<RoundsOptions, 'db' | 'secrets' | 'outbound' | 'rules' | 'log'> & {
  /**
   * `places`: the most targets that this process serves at the same time; `share`: of them, one project's or the
   * system's.
   */
  lanes?: { places: number; share: number }
  /** Told how looking and sending went: what a target answers is no trouble of ours. */
  part: Part
}

/** How long a delivery may wait, in ms, for other calls to the same host, before it is left for the next round. */
const waitMs = 15_000
/** The name of the search for targets in the log. */
const looking = 'looking for deliveries'
/** How often a process looks in the database for targets that it got no notification of, in ms. */
const lookMs = 5000
/** A target is held this much longer than a try takes, in ms; then any other process may take it. */
const graceMs = waitMs + 15_000
/** The most timers; targets beyond that are found when a process looks in the database. */
const timersLimit = 10_000
const longestTimerMs = 3_600_000

/**
 * Sends pending deliveries as soon as a notification names their target. A target gets a lane for one round: this
 * process holds it against other processes, sends the first deliveries of its queue at once (those with the same
 * `orderedBy` one after the other), and queues up for a lane again, behind the other targets. Projects get lanes in
 * turn, and none gets all of them. A target that fails rests with an exponential back-off, so that it takes neither
 * lanes nor memory from others: its deliveries wait in the database.
 */
export function openDeliverer(options: DelivererOptions): AsyncDisposable {
  const { db, part } = options
  const onTrouble = (error: unknown) => part.failed(looking, error, 3 * lookMs)
  const deliverer = new Deliverer(options)
  const hear = (payload: string) => {
    if (payload === '') void deliverer.look().catch(onTrouble)
    else
      payload
        .split(',')
        .map(Number)
        .forEach((id) => deliverer.serve(id))
  }
  const listener = listenTo(db, channel, hear, onTrouble)
  const look = async () => {
    await deliverer.look()
    part.well(looking)
  }
  const timer = every(lookMs, look, onTrouble)
  return {
    async [Symbol.asyncDispose]() {
      deliverer.stop()
      await Promise.all([listener[Symbol.asyncDispose](), timer[Symbol.asyncDispose]()])
      await deliverer[Symbol.asyncDispose]()
    },
  }
}

type Service = { isAskedAgain: boolean; ended: Promise<void> }

/** Gives targets their lanes, round after round, for as long as they have pending deliveries. */
class Deliverer implements AsyncDisposable {
  readonly #options: DelivererOptions
  /** The name under which this process holds targets. */
  readonly #holder = randomUUID()
  readonly #closing = new AbortController()
  readonly #lanes: Places
  readonly #rounds: Rounds
  /** Targets that have a lane or wait for one. */
  readonly #served = new Map<number, Service>()
  /** Project or system by target. A target's owner never changes. */
  readonly #owners = openLru<number, string>(10_000)
  readonly #timers = new Map<number, NodeJS.Timeout>()
  readonly #lookUpOwners: (targetId: number) => Promise<Map<number, string>>
  readonly #take: (targetId: number) => Promise<Held[]>

  constructor(options: DelivererOptions) {
    const { db, rules, lanes = { places: 128, share: 96 } } = options
    const [holder, holdMs] = [this.#holder, rules.timeoutMs + graceMs]
    this.#options = options
    this.#lanes = openPlaces(lanes)
    this.#rounds = new Rounds({ ...options, holder, waitMs, closing: this.#closing.signal })
    this.#lookUpOwners = gathering((ids: number[]) => findOwners(db.relaxed, ids), 1000)
    this.#take = gathering((ids: number[]) => takeTargets(db.relaxed, holder, ids, holdMs), 100)
  }

  /** Serves the targets that have pending deliveries and that no process holds. */
  async look(): Promise<void> {
    for (const id of await findNeglected(this.#options.db.relaxed)) this.serve(id)
  }

  serve(targetId: number): void {
    if (this.#closing.signal.aborted) return
    const already = this.#served.get(targetId)
    if (already) return void (already.isAskedAgain = true)
    const service: Service = { isAskedAgain: false, ended: Promise.resolve() }
    this.#served.set(targetId, service)
    service.ended = this.#runService(targetId, service)
  }

  /** Starts no more rounds and aborts the calls under way. */
  stop(): void {
    this.#closing.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    await Promise.all([...this.#served.values()].map(({ ended }) => ended))
    const { db, part } = this.#options
    await releaseTargets(db.relaxed, this.#holder).catch((error: unknown) => part.tell('letting go', error))
  }

  async #runService(targetId: number, service: Service): Promise<void> {
    await this.#runRounds(targetId, service).catch((error: unknown) =>
      this.#options.part.failed(`target ${targetId}`, error, 3 * lookMs),
    )
    this.#served.delete(targetId)
    if (service.isAskedAgain) this.serve(targetId)
  }

  async #runRounds(targetId: number, service: Service): Promise<void> {
    const owner = await this.#ownerOf(targetId)
    if (owner === undefined) return
    for (;;) {
      using lane = await this.#lanes.enter(owner, this.#closing.signal)
      if (!lane) return
      service.isAskedAgain = false
      const held = (await this.#take(targetId)).find(({ id }) => id === targetId)
      if (!held) return
      const nextMs = await this.#rounds.run(held)
      if (nextMs > 0) return this.#wakeIn(targetId, nextMs)
    }
  }

  /** The project that the target belongs to, or the system. Undefined when the target is deleted. */
  async #ownerOf(targetId: number): Promise<string | undefined> {
    const owner = this.#owners.get(targetId) ?? (await this.#lookUpOwners(targetId)).get(targetId)
    if (owner !== undefined) this.#owners.set(targetId, owner)
    return owner
  }

  #wakeIn(targetId: number, ms: number): void {
    clearTimeout(this.#timers.get(targetId))
    if (this.#closing.signal.aborted || this.#timers.size > timersLimit) return
    const timer = setTimeout(
      () => {
        this.#timers.delete(targetId)
        this.serve(targetId)
      },
      Math.min(ms, longestTimerMs),
    )
    timer.unref()
    this.#timers.set(targetId, timer)
  }
}
