import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { listenTo } from '../../platform/db/listen.ts'
import { gathering } from '../../platform/gather.ts'
import type { Part } from '../../platform/observe/part.ts'
import { openPlaces, type Places } from '../../platform/places.ts'
import { every } from '../../platform/repeat.ts'
import { channel } from './deliveries.ts'
import { findNeglected, findOwners, releaseTargets, takeTargets, type Held } from './queue.ts'
import { Rounds, type RoundsOptions } from './round.ts'

export type DelivererOptions = Pick<RoundsOptions, 'db' | 'secrets' | 'outbound' | 'rules' | 'log'> & {
  /**
   * `places`: targets that are served at the same time by this process; `share`: those of one project, or of the
   * system.
   */
  lanes?: { places: number; share: number }
  /** Told how looking and sending went: what a target answers is no trouble of ours. */
  part: Part
}

/** How long a delivery may wait for others to the same host, in ms, before it is left for the next round. */
const waitMs = 15_000
/** What the log calls the search for targets. */
const looking = 'looking for deliveries'
/** How often a process looks for what it has not heard of, in ms. */
const lookMs = 5000
/** A target whose process says nothing for this long beyond a try's time is anybody's. */
const graceMs = waitMs + 15_000
/** More timers than this are not kept: the other targets are found by looking. */
const timersLimit = 10_000
const longestTimerMs = 3_600_000

/**
 * Delivers what waits, as soon as it hears of it. A target gets a lane for one round: it is held against other
 * processes, the first deliveries of its queue are sent at once (those of one key in their order), and it queues up for
 * a lane again, behind the targets that wait. Projects get lanes in turn, and none gets all of them. A target that
 * fails rests, for longer each time, so that it takes neither lanes nor memory from others: what waits stays in the
 * database.
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

/** Gives targets their lanes, round after round, for as long as something waits for them. */
class Deliverer implements AsyncDisposable {
  readonly #options: DelivererOptions
  /** The name under which this process holds targets. */
  readonly #holder = randomUUID()
  readonly #closing = new AbortController()
  readonly #lanes: Places
  readonly #rounds: Rounds
  /** Targets that have a lane or wait for one. */
  readonly #served = new Map<number, Service>()
  /** The owner of a target never changes. */
  readonly #owners = new LRUCache<number, string>({ max: 10_000 })
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

  /** Serves targets for which something waits and which nobody is at. */
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

  /** Begins nothing any more, and cuts short what is under way. */
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

  /** The project that the target belongs to, or the system. Undefined when it is gone. */
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
