import { setImmediate as nextTurn } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { Actor } from '../../catalog/topics.ts'
import type { Db } from '../../platform/db/db.ts'
import { emit, type Fact } from '../../platform/events/emit.ts'
import { gathering } from '../../platform/gather.ts'
import type { Outbound } from '../../platform/outbound/outbound.ts'
import { judge, standingAfter, turnOf, type Attempt, type DeliveryRules, type Turn } from './outcome.ts'
import { finishTargets, type Finished, type Held, type Result, type Standing, type Waiting } from './queue.ts'
import type { Sealed } from './rules.ts'
import { sendOne } from './send.ts'
import { findAnyPolicy, unsealTarget, type Seal } from './store.ts'
import { facts } from './topics.ts'

export type RoundsOptions = {
  db: Db
  secrets: Seal
  outbound: Outbound
  rules: DeliveryRules
  log: { warn(about: object, text: string): void; info(about: object, text: string): void }
  /** The name under which this process holds targets. */
  holder: string
  /** How long a delivery may wait, in ms, for other calls to the same host, before it is left for the next round. */
  waitMs: number
  closing: AbortSignal
}

type Ended = Finished & { facts: Fact[] }

const marina: Actor = { kind: 'system', id: null, name: 'marina' }

/**
 * Runs rounds: one sends a target the first deliveries of its queue, those with the same `orderedBy` in their order.
 */
export class Rounds {
  readonly #options: RoundsOptions
  readonly #finish: (ended: Ended) => Promise<void>
  /** Decrypted targets by their encrypted text: decrypting takes a sixth of a delivery's time, and seldom changes. */
  readonly #unsealed = new LRUCache<string, Sealed>({ max: 1000 })
  #breath: Promise<unknown> = Promise.resolve()

  constructor(options: RoundsOptions) {
    this.#options = options
    this.#finish = gathering((all: Ended[]) => this.#writeDown(all), 100)
  }

  /** Runs one round and releases the target. Returns the ms until the next round may start; 0: at once. */
  async run(held: Held): Promise<number> {
    const now = Date.now()
    const heads = headsOf(held)
    const due = dueOf(held, heads, now)
    if (due.length === 0) {
      await this.#finish({ held, results: [], standing: undefined, facts: [] })
      return Math.max(1, Math.min(...heads.map(({ dueAt }) => dueAt)) - now)
    }
    const standing = await this.#end(held, await this.#send(held, due))
    return standing?.restsUntil ? Math.max(1, standing.restsUntil.getTime() - Date.now()) : 0
  }

  #send(held: Held, due: Waiting[]): Promise<Attempt[]> {
    const { outbound, rules, waitMs, closing } = this.#options
    const target = { ...this.#unseal(held), verifiesTls: held.verifiesTls }
    // One call starts in each turn of the event loop: an event for many targets must not keep pushes waiting.
    return Promise.all(
      due.map(async (delivery): Promise<Attempt> => {
        await (this.#breath = this.#breath.then(() => nextTurn()))
        return { delivery, sent: await sendOne(outbound, target, delivery, { ...rules, waitMs, signal: closing }) }
      }),
    )
  }

  /** Writes the results for the deliveries and the new state of the target, and returns that state. */
  async #end(held: Held, attempts: Attempt[]): Promise<Standing | undefined> {
    const { rules } = this.#options
    // A call that a shutdown aborted, or that found no place at its host, does not count as a try.
    const tried = attempts.filter(({ sent }) => sent.kind !== 'untried')
    const judged = tried.map((one) => judge(one, rules, held.isProbe))
    const standing = judged.length === 0 ? undefined : standingAfter(held, judged, rules)
    const turn = standing && turnOf(held, standing)
    const told = turn ? await this.#factsOfTurn(held, turn, judged.at(-1)!.result, standing) : []
    await this.#finish({ held, results: judged.map(({ result }) => result), standing, facts: told })
    return standing
  }

  #unseal({ policyId, sealed }: Held): Sealed {
    const known = this.#unsealed.get(sealed) ?? unsealTarget(this.#options.secrets, policyId, sealed)
    this.#unsealed.set(sealed, known)
    return known
  }

  /** Writes facts in the same transaction as the changes of state that they tell. */
  async #writeDown(all: Ended[]): Promise<void> {
    const { db, holder } = this.#options
    if (all.every((one) => one.facts.length === 0)) return void (await finishTargets(db.relaxed, holder, all))
    await db.transaction(async (tx) => {
      const turned = await finishTargets(tx, holder, all)
      await emit(
        tx,
        all.filter(({ held }) => turned.has(held.id)).flatMap((one) => one.facts),
      )
    })
  }

  async #factsOfTurn(held: Held, turn: Turn, last: Result, { pausedWhy, restsUntil }: Standing): Promise<Fact[]> {
    const { db, log } = this.#options
    const { id: targetId, policyId, waiting } = held
    const policy = await findAnyPolicy(db, policyId)
    // The policy was deleted meanwhile, together with its targets.
    if (!policy) return []
    const place = { projectId: policy.projectId, policyId, name: policy.name, targetId }
    if (turn === 'resumed') log.info(place, 'a webhook answers again: its waiting deliveries are sent')
    if (turn === 'paused') {
      log.warn({ ...place, why: pausedWhy }, 'a webhook is paused: its deliveries wait until it answers again')
    }
    const at = { ...place, eventId: waiting.find((one) => one.id === last.id)!.eventId }
    return [
      {
        failed: () => {
          return facts.targetFailed({ ...at, why: last.message, restsUntil: restsUntil?.toISOString() ?? null }, marina)
        },
        recovered: () => facts.targetRecovered(at, marina),
        paused: () => facts.targetPaused({ ...at, why: pausedWhy }, marina),
        resumed: () => facts.targetResumed(at, marina),
      }[turn](),
    ]
  }
}

/** The first delivery of each `orderedBy`; the later ones have to wait for it. */
function headsOf({ waiting }: Held): Waiting[] {
  const seen = new Set<string>()
  return waiting.filter(({ orderedBy }) => !seen.has(orderedBy) && seen.add(orderedBy))
}

/**
 * A target that failed last time gets one delivery at a time: dead targets must not take up everybody's connections.
 */
function dueOf(held: Held, heads: Waiting[], now: number): Waiting[] {
  const ready = heads.filter(({ dueAt }) => dueAt <= now)
  return held.failedRounds > 0 ? ready.toSorted(byLastTry).slice(0, 1) : ready
}

/** The one tried longest ago comes first: one that is refused repeatedly must not keep others from being tried. */
function byLastTry(one: Waiting, other: Waiting): number {
  return Date.parse(one.triedAt ?? '1970') - Date.parse(other.triedAt ?? '1970')
}
