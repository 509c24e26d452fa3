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
  /** How long a delivery may wait for others to the same host, in ms, before it is left for the next round. */
  waitMs: number
  closing: AbortSignal
}

type Ended = Finished & { facts: Fact[] }

const marina: Actor = { kind: 'system', id: null, name: 'marina' }

/**
 * Rounds of targets: in one round a target is sent the first deliveries of its queue, those of one key in their order.
 */
export class Rounds {
  readonly #options: RoundsOptions
  readonly #finish: (ended: Ended) => Promise<void>
  /** By what is sealed: it is the same as long as nobody changes it, and takes a sixth of a delivery to open. */
  readonly #unsealed = new LRUCache<string, Sealed>({ max: 1000 })
  #breath: Promise<unknown> = Promise.resolve()

  constructor(options: RoundsOptions) {
    this.#options = options
    this.#finish = gathering((all: Ended[]) => this.#writeDown(all), 100)
  }

  /** Sends what may go now, and lets go of the target. Returns in how many ms there is more to do. */
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
    // One begins in each turn of the event loop: an event for many targets must not keep pushes waiting.
    return Promise.all(
      due.map(async (delivery): Promise<Attempt> => {
        await (this.#breath = this.#breath.then(() => nextTurn()))
        return { delivery, sent: await sendOne(outbound, target, delivery, { ...rules, waitMs, signal: closing }) }
      }),
    )
  }

  /** Writes down what the attempts mean for the deliveries and for the target. Returns how the target stands now. */
  async #end(held: Held, attempts: Attempt[]): Promise<Standing | undefined> {
    const { rules } = this.#options
    // What a shutdown cut short, or what found no place at its host, was not tried.
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

  /** The facts about a target's turn are written in the same transaction as the turn itself. */
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
    // Deleted meanwhile, and its targets with it.
    if (!policy) return []
    const place = { projectId: policy.projectId, policyId, name: policy.name, targetId }
    if (turn === 'resumed') log.info(place, 'a webhook answers again; what has waited goes out')
    if (turn === 'paused') {
      log.warn({ ...place, why: pausedWhy }, 'a webhook is paused: what is for it waits until it answers again')
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

/** The first of each key: what comes after it waits for it. */
function headsOf({ waiting }: Held): Waiting[] {
  const seen = new Set<string>()
  return waiting.filter(({ orderedBy }) => !seen.has(orderedBy) && seen.add(orderedBy))
}

/**
 * One at a time to a target that has just failed: those that do not answer must not take up everybody's connections.
 */
function dueOf(held: Held, heads: Waiting[], now: number): Waiting[] {
  const ready = heads.filter(({ dueAt }) => dueAt <= now)
  return held.failedRounds > 0 ? ready.toSorted(byLastTry).slice(0, 1) : ready
}

/**
 * What was tried longest ago comes first: one that is refused again and again must not hide that others would be taken.
 */
function byLastTry(one: Waiting, other: Waiting): number {
  return Date.parse(one.triedAt ?? '1970') - Date.parse(other.triedAt ?? '1970')
}
