import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseUnavailable, type Db } from '../db/db.ts'
import type { Log } from '../observe/log.ts'
import { seldom } from '../observe/seldom.ts'
import { factsWritten } from './emit.ts'
import { awaitPlace, dropOldFacts, holdPlace, listParked, listStandings, lookAround, movePlace, park, readWindow, recount, settle, takePlace, unpark, type Place, type Standing } from './places.ts'
import { checkReactions, type Reaction, type Told } from './reaction.ts'

export type DispatcherOptions = {
  db: Db
  log: Log
  reactions: readonly Reaction[]
  /** All topics that somebody emits. */
  topics: Pick<ReadonlySet<string>, 'has'>
  /** Facts handed over at once. */
  batch?: number
  /** How often facts of other processes are looked for that committed without our hearing, in ms. */
  pollMs?: number
  /** A fact that was refused this often is parked. */
  tries?: number
  /** The wait after the first refusal, in ms; it doubles up to a minute. */
  backOffMs?: number
}

export type Dispatcher = AsyncDisposable & {
  standings(): Promise<Standing[]>
  /** Hands a reaction its parked facts once more, the oldest first; those it refuses again stay. */
  retryParked(name: string): Promise<{ taken: number; left: number }>
  /** Removes facts that all have taken and that are older than `keepMs`. */
  sweep(keepMs: number, signal: AbortSignal): Promise<void>
  names: readonly string[]
}

/** What one turn of a handler came to. */
type Outcome = 'moved' | 'busy' | 'idle'
type Turn = { place: Place; until: string; told: Told[] }

/** Between two looks, in ms: facts gather, and a busy machine is not asked more often than this. */
const pauseMs = 5
/** Before asking again for a place that another process holds, in ms. */
const busyMs = 20
const longestWaitMs = 60_000

/**
 * Tells facts to those who react to them: each at least once, in order, at its own pace. A reaction that fails holds up nobody
 * but itself, and one of the name runs at a time on all processes of a database. docs/decisions/0010-events.md has the argument.
 */
export async function openDispatcher({ db, log, reactions, topics, batch = 200, pollMs = 1000, tries = 10, backOffMs = 250 }: DispatcherOptions): Promise<Dispatcher> {
  checkReactions(reactions, topics)
  const names = reactions.map(({ name }) => name)
  if ((await recount(db)) > 0) log.warn('the database counts its transactions anew, as after a restore: handlers begin with the oldest fact they had not taken')
  await settle(db, reactions)

  const closing = new AbortController()
  const onTrouble = seldom((reason, heldBack) => log.warn({ reason, heldBack }, 'facts wait: the database does not answer'))
  const running = new Map<string, { isAsked: boolean; ended: Promise<void> }>()
  /** How many facts a reaction gets at once: less while one of them is refused, to find it. */
  const sizes = new Map<string, number>()
  let isTold = false
  let wake = () => {}
  const endListening = db.onTold(factsWritten, () => {
    isTold = true
    wake()
  })
  const looking = look()

  return {
    names,
    standings: () => listStandings(db, names),
    retryParked,
    async sweep(keepMs, signal) {
      while (!signal.aborted && (await dropOldFacts(db.relaxed, names, keepMs)) > 0);
    },
    async [Symbol.asyncDispose]() {
      endListening()
      closing.abort()
      wake()
      await looking
      await Promise.all([...running.values()].map(({ ended }) => ended))
    },
  }

  async function look(): Promise<void> {
    while (!closing.signal.aborted) {
      isTold = false
      try {
        const { behind } = await lookAround(db, names)
        for (const name of behind) start(reactions.find((one) => one.name === name)!)
      } catch (error) {
        onTrouble(error)
        await pause(pollMs)
      }
      await pause(pauseMs)
      if (!isTold) await told()
    }
  }

  /** Until a commit of this process tells of facts, or the time to look comes anyway. */
  function told(): Promise<void> {
    return new Promise((resolve) => {
      if (closing.signal.aborted) return resolve()
      const timer = setTimeout(done, pollMs)
      wake = done
      function done() {
        clearTimeout(timer)
        wake = () => {}
        resolve()
      }
    })
  }

  function start(reaction: Reaction): void {
    const known = running.get(reaction.name)
    if (known) return void (known.isAsked = true)
    const one = { isAsked: true, ended: Promise.resolve() }
    running.set(reaction.name, one)
    one.ended = run(reaction, one).finally(() => running.delete(reaction.name))
  }

  async function run(reaction: Reaction, one: { isAsked: boolean }): Promise<void> {
    while (one.isAsked && !closing.signal.aborted) {
      one.isAsked = false
      try {
        await catchUp(reaction)
      } catch (error) {
        onTrouble(error)
        await pause(pollMs)
      }
    }
  }

  /** Turn after turn, until there is nothing more to take. */
  async function catchUp(reaction: Reaction): Promise<void> {
    while (!closing.signal.aborted) {
      const { now, behind } = await lookAround(db, [reaction.name])
      if (behind.length === 0) return
      const outcome = await takeTurn(reaction, now)
      if (outcome === 'idle') return
      if (outcome === 'busy') await pause(busyMs)
    }
  }

  async function takeTurn(reaction: Reaction, now: string): Promise<Outcome> {
    const size = sizes.get(reaction.name) ?? batch
    let turn: Turn | undefined
    try {
      const outcome = await db.transaction(async (tx): Promise<Outcome> => {
        turn = undefined
        const place = await takePlace(tx, reaction.name)
        if (!place) return 'busy'
        if (place.waitMs > 0) return 'idle'
        const until = place.until ?? now
        const read = await readWindow(tx, { ...place, until }, reaction.topics, size)
        if (read.length === 0 && place.until === null) return 'idle'
        turn = { place, until, told: read.filter(({ topic }) => reaction.topics === 'all' || reaction.topics.includes(topic)) }
        if (turn.told.length > 0) await reaction.handle(tx, turn.told)
        await movePlace(tx, reaction.name, until, read.length < size ? undefined : read.at(-1)!.id)
        return 'moved'
      })
      if (outcome === 'moved') sizes.set(reaction.name, Math.min(batch, size * 2))
      return outcome
    } catch (error) {
      if (!turn || turn.told.length === 0) throw error
      if (error instanceof DatabaseUnavailable) {
        // It may be away; or so many facts were too much for the time that a statement has.
        sizes.set(reaction.name, Math.max(1, turn.told.length >> 1))
        throw error
      }
      await refused(reaction, turn, error)
      return 'moved'
    }
  }

  /** Of many facts one is to blame: fewer at once will show which. One alone is tried again later, and parked in the end. */
  async function refused(reaction: Reaction, { place, until, told: facts }: Turn, error: unknown): Promise<void> {
    if (facts.length > 1) return void sizes.set(reaction.name, facts.length >> 1)
    sizes.set(reaction.name, 1)
    const [fact] = facts as [Told]
    const trouble = String(error).replaceAll('\0', '').slice(0, 2000)
    const failures = place.failingId === fact.id ? place.failures + 1 : 1
    const waitMs = Math.min(longestWaitMs, backOffMs * 2 ** (failures - 1))
    const isLast = failures >= tries
    await db.transaction(async (tx) => {
      const now = await takePlace(tx, reaction.name)
      // Another process has moved it since: what it found counts.
      if (!now || now.seen !== place.seen || now.until !== place.until || now.lastId !== place.lastId) return
      if (!isLast) return holdPlace(tx, reaction.name, until, { id: fact.id, failures, trouble, waitMs })
      await park(tx, reaction.name, fact, trouble)
      await movePlace(tx, reaction.name, until, fact.id)
    })
    const about = { reaction: reaction.name, fact: fact.id, topic: fact.topic, reason: trouble, failures }
    if (isLast) log.error(about, 'a fact was refused too often and is parked; those after it go on')
    else log.warn({ ...about, waitMs }, 'a fact was refused and is tried again')
  }

  async function retryParked(name: string): Promise<{ taken: number; left: number }> {
    const reaction = reactions.find((one) => one.name === name)
    let [taken, left, after] = [0, 0, 0]
    for (let page = reaction ? await listParked(db, name) : []; page.length > 0 && !closing.signal.aborted; page = await listParked(db, name, after)) {
      for (const { parkedId, handler: _, trouble: __, parkedAt: ___, ...fact } of page) {
        after = fact.id
        const isTaken = db.transaction(async (tx) => {
          await awaitPlace(tx, name)
          return (await unpark(tx, parkedId)) && (await reaction!.handle(tx, [fact]), true)
        })
        if (await isTaken.catch(() => false)) taken++
        else left++
      }
    }
    return { taken, left }
  }

  /** Ends early, and without an error, when the dispatcher closes. */
  async function pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: closing.signal, ref: false }).catch(() => {})
  }
}
