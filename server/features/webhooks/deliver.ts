import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { Actor } from '../../catalog/topics.ts'
import type { Db } from '../../platform/db/db.ts'
import { listenTo } from '../../platform/db/listen.ts'
import { emit, type Fact } from '../../platform/events/emit.ts'
import { gathering } from '../../platform/gather.ts'
import { seldom } from '../../platform/observe/seldom.ts'
import type { Outbound } from '../../platform/outbound/outbound.ts'
import { openPlaces } from '../../platform/places.ts'
import { every } from '../../platform/repeat.ts'
import { channel } from './deliveries.ts'
import { findNeglected, findOwners, finishTargets, releaseTargets, takeTargets, type Finished, type Held, type Result, type Standing, type Waiting } from './queue.ts'
import { judge, standingAfter, turnOf, type Attempt, type DeliveryRules, type Turn } from './outcome.ts'
import { sendOne } from './send.ts'
import type { Sealed } from './rules.ts'
import { findAnyPolicy, unsealTarget, type Seal } from './store.ts'
import { facts } from './topics.ts'

export type DelivererOptions = {
  db: Db
  secrets: Seal
  outbound: Outbound
  rules: DeliveryRules
  log: { warn(about: object, text: string): void; info(about: object, text: string): void }
  /** `places`: targets that are served at the same time by this process; `share`: those of one project, or of the system. */
  lanes?: { places: number; share: number }
}

/** How long a delivery may wait for others to the same host, in ms, before it is left for the next round. */
const waitMs = 15_000
/** How often a process looks for what it has not heard of, in ms. */
const lookMs = 5000
/** A target whose process says nothing for this long beyond a try's time is anybody's. */
const graceMs = waitMs + 15_000

const marina: Actor = { kind: 'system', id: null, name: 'marina' }

type Service = { isAskedAgain: boolean; ended: Promise<void> }

/**
 * Delivers what waits, as soon as it hears of it. A target gets a lane for one round: it is held against other processes, the
 * first deliveries of its queue are sent at once (those of one key in their order), and it queues up for a lane again, behind those
 * who wait. Projects get lanes in turn, and none gets all of them. A target that fails rests, for longer each time, so that it
 * takes neither lanes nor memory from others: what waits stays in the database.
 */
export function openDeliverer({ db, secrets, outbound, rules, log, lanes = { places: 128, share: 96 } }: DelivererOptions): AsyncDisposable {
  const me = randomUUID()
  const closing = new AbortController()
  const lane = openPlaces(lanes)
  /** Targets that have a lane or wait for one. */
  const served = new Map<number, Service>()
  /** Whose a target is never changes. */
  const owners = new LRUCache<number, string>({ max: 10_000 })
  const timers = new Map<number, NodeJS.Timeout>()
  /** By what is sealed: it is the same as long as nobody changes it, and takes a sixth of a delivery to open. */
  const unsealed = new LRUCache<string, Sealed>({ max: 1000 })
  let breath: Promise<unknown> = Promise.resolve()
  const lookUpOwners = gathering((ids: number[]) => findOwners(db.relaxed, ids), 1000)
  const take = gathering((ids: number[]) => takeTargets(db.relaxed, me, ids, rules.timeoutMs + graceMs), 100)
  const finish = gathering(writeDown, 100)
  const onTrouble = seldom((reason, heldBack) => log.warn({ reason, heldBack }, 'webhooks wait: the database did not answer'))

  const listener = listenTo(db, channel, (payload) => (payload === '' ? void look().catch(onTrouble) : payload.split(',').map(Number).forEach(serve)), onTrouble)
  const looking = every(lookMs, look, onTrouble)

  return {
    async [Symbol.asyncDispose]() {
      closing.abort()
      await Promise.all([listener[Symbol.asyncDispose](), looking[Symbol.asyncDispose]()])
      for (const timer of timers.values()) clearTimeout(timer)
      await Promise.all([...served.values()].map(({ ended }) => ended))
      await releaseTargets(db.relaxed, me).catch(onTrouble)
    },
  }

  async function look(): Promise<void> {
    for (const id of await findNeglected(db.relaxed)) serve(id)
  }

  function serve(targetId: number): void {
    if (closing.signal.aborted) return
    const already = served.get(targetId)
    if (already) return void (already.isAskedAgain = true)
    const service: Service = { isAskedAgain: false, ended: Promise.resolve() }
    served.set(targetId, service)
    service.ended = runService(targetId, service)
  }

  async function runService(targetId: number, service: Service): Promise<void> {
    await runRounds(targetId, service).catch(onTrouble)
    served.delete(targetId)
    if (service.isAskedAgain) serve(targetId)
  }

  async function runRounds(targetId: number, service: Service): Promise<void> {
    const owner = await ownerOf(targetId)
    if (owner === undefined) return
    for (;;) {
      using place = await lane.enter(owner, closing.signal)
      if (!place) return
      service.isAskedAgain = false
      const held = (await take(targetId)).find(({ id }) => id === targetId)
      if (!held) return
      const nextMs = await runRound(held)
      if (nextMs > 0) return wakeIn(targetId, nextMs)
    }
  }

  /** The project whose target it is, or the system. Undefined when it is gone. */
  async function ownerOf(targetId: number): Promise<string | undefined> {
    const owner = owners.get(targetId) ?? (await lookUpOwners(targetId)).get(targetId)
    if (owner !== undefined) owners.set(targetId, owner)
    return owner
  }

  /** Sends what may go now. Returns in how many ms there is more to do. */
  async function runRound(held: Held): Promise<number> {
    const now = Date.now()
    const heads = headsOf(held)
    const ready = heads.filter(({ dueAt }) => dueAt <= now)
    // One at a time to a target that has just failed: those that do not answer must not take up everybody's connections.
    const due = held.failedRounds > 0 ? ready.toSorted(byLastTry).slice(0, 1) : ready
    if (due.length === 0) {
      await finish({ held, results: [], standing: undefined, facts: [] })
      return Math.max(1, Math.min(...heads.map(({ dueAt }) => dueAt)) - now)
    }
    const target = { ...unseal(held), verifiesTls: held.verifiesTls }
    // One begins in each turn of the event loop: an event for many targets must not keep pushes waiting.
    const attempts = await Promise.all(due.map(async (delivery): Promise<Attempt> => {
      await (breath = breath.then(() => nextTurn()))
      return { delivery, sent: await sendOne(outbound, target, delivery, { ...rules, waitMs, signal: closing.signal }) }
    }))
    // What a shutdown cut short, or what found no place at its host, was not tried.
    const results = attempts.filter(({ sent }) => sent.kind !== 'untried').map((one) => judge(one, rules, held.isProbe))
    const standing = results.length === 0 ? undefined : standingAfter(held, results, rules)
    const turn = standing && turnOf(held, standing)
    const told = turn ? await factsOfTurn(held, turn, results.at(-1)!.result, standing) : []
    await finish({ held, results: results.map(({ result }) => result), standing, facts: told })
    return standing?.restsUntil ? Math.max(1, standing.restsUntil.getTime() - Date.now()) : 0
  }

  function unseal({ policyId, sealed }: Held): Sealed {
    const known = unsealed.get(sealed) ?? unsealTarget(secrets, policyId, sealed)
    unsealed.set(sealed, known)
    return known
  }

  function wakeIn(targetId: number, ms: number): void {
    clearTimeout(timers.get(targetId))
    // The others are found by looking.
    if (closing.signal.aborted || timers.size > 10_000) return
    const timer = setTimeout(() => {
      timers.delete(targetId)
      serve(targetId)
    }, Math.min(ms, 3_600_000))
    timer.unref()
    timers.set(targetId, timer)
  }

  /** What a target's turn is told by stands or falls with it. */
  async function writeDown(all: (Finished & { facts: Fact[] })[]): Promise<void> {
    if (all.every((one) => one.facts.length === 0)) return void (await finishTargets(db.relaxed, me, all))
    await db.transaction(async (tx) => {
      const turned = await finishTargets(tx, me, all)
      await emit(tx, all.filter(({ held }) => turned.has(held.id)).flatMap((one) => one.facts))
    })
  }

  async function factsOfTurn({ id: targetId, policyId, waiting }: Held, turn: Turn, { id, message }: Result, { pausedWhy, restsUntil }: Standing): Promise<Fact[]> {
    const policy = await findAnyPolicy(db, policyId)
    // Deleted meanwhile, and its targets with it.
    if (!policy) return []
    const place = { projectId: policy.projectId, policyId, name: policy.name, targetId }
    if (turn === 'resumed') log.info(place, 'a webhook answers again; what has waited goes out')
    if (turn === 'paused') log.warn({ ...place, why: pausedWhy }, 'a webhook is paused: what is for it waits until it answers again')
    const at = { ...place, eventId: waiting.find((one) => one.id === id)!.eventId }
    return [{
      failed: () => facts.targetFailed({ ...at, why: message, restsUntil: restsUntil?.toISOString() ?? null }, marina),
      recovered: () => facts.targetRecovered(at, marina),
      paused: () => facts.targetPaused({ ...at, why: pausedWhy }, marina),
      resumed: () => facts.targetResumed(at, marina),
    }[turn]()]
  }
}

/** The first of each key: what comes after it waits for it. */
function headsOf({ waiting }: Held): Held['waiting'] {
  const seen = new Set<string>()
  return waiting.filter(({ orderedBy }) => !seen.has(orderedBy) && seen.add(orderedBy))
}

/** What was tried longest ago comes first: one that is refused again and again must not hide that others would be taken. */
const byLastTry = (one: Waiting, other: Waiting) => Date.parse(one.triedAt ?? '1970') - Date.parse(other.triedAt ?? '1970')
