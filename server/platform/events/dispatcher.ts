import type { Db } from '../db/db.ts'
import type { Log } from '../observe/log.ts'
import type { Component } from '../observe/health.ts'
import { openPart, type Part } from '../observe/part.ts'
import { Follower, pause } from './follower.ts'
import { hintOf, type Hint } from './hint.ts'
import { retryParked } from './parked.ts'
import { dropOldFacts, listStandings, lookAround, recount, settle, type Standing } from './places.ts'
import { checkReactions, type Reaction } from './reaction.ts'

export type DispatcherOptions = {
  db: Db
  log: Log
  reactions: readonly Reaction[]
  /** All topics that a feature emits. */
  topics: Pick<ReadonlySet<string>, 'has'>
  /** The most facts that a reaction gets at once. */
  batch?: number
  /** How often the outbox is polled for facts of other processes, whose commits are not heard, in ms. */
  pollMs?: number
  /** A fact that a reaction refused this often is parked. */
  tries?: number
  /** The back-off after the first refusal, in ms; it doubles with each one, up to a minute. */
  backOffMs?: number
  /** False hands out nothing: another process does, and this one only answers questions about reactions. */
  isOn?: boolean
}

export type Dispatcher = AsyncDisposable & {
  standings(): Promise<Standing[]>
  /** Hands a reaction its parked facts again, the oldest first; those that it refuses again stay parked. */
  retryParked(name: string): Promise<{ taken: number; left: number }>
  /** Removes facts older than `keepMs` that all reactions have taken. */
  sweep(keepMs: number, signal: AbortSignal): Promise<void>
  names: readonly string[]
  /** For health: unhealthy while facts or a reaction stand still for a reason of their own. */
  component: Component
}

/** The name of the search for new facts in the log. */
const looking = 'looking for facts'
/**
 * The pause between two looks for facts, in ms, so that facts make a batch. It doubles while facts keep coming, each
 * within `soon` after the last pause: with pauses of 40 ms, the background ran half of all statements of a small push.
 */
const pauseMs = { least: 5, most: 120, soon: 40 }

/**
 * Hands facts to the reactions to their topics: each fact at least once, in order, and each reaction at its own pace. A
 * reaction that fails holds up only itself. Each reaction runs in one process of the database at a time. The argument
 * is in docs/decisions/0010-events.md.
 */
export async function openDispatcher(options: DispatcherOptions): Promise<Dispatcher> {
  const { db, log, reactions, topics, batch = 200, pollMs = 1000, tries = 10, backOffMs = 250, isOn = true } = options
  checkReactions(reactions, topics)
  if (isOn) await prepare(db, log, reactions)

  const names = reactions.map(({ name }) => name)
  const closing = new AbortController()
  const { signal } = closing
  const part = openPart('events', log)
  const each = { db, log, closing: signal, batch, pollMs, tries, backOffMs, part }
  const followers = new Map(reactions.map((reaction) => [reaction.name, new Follower(reaction, each)]))
  const hint = hintOf(db, signal)
  const lookedFor = isOn ? lookForFacts({ db, followers, hint, pollMs, closing: signal, part }) : undefined

  return {
    names,
    component: part.component,
    standings: () => listStandings(db, names),
    async retryParked(name) {
      const reaction = followers.get(name)?.reaction
      return reaction ? retryParked(db, reaction, signal) : { taken: 0, left: 0 }
    },
    async sweep(keepMs, ending) {
      while (!ending.aborted && (await dropOldFacts(db.relaxed, names, keepMs)) > 0);
    },
    async [Symbol.asyncDispose]() {
      hint.close()
      closing.abort()
      await lookedFor
      await Promise.all([...followers.values()].map((one) => one.ended()))
    },
  }
}

async function prepare(db: Db, log: Log, reactions: readonly Reaction[]): Promise<void> {
  if ((await recount(db)) > 0) {
    const then = 'handlers begin with the oldest fact they had not taken'
    log.warn(`the database counts its transactions anew, as after a restore: ${then}`)
  }
  await settle(db, reactions)
}

type Look = {
  db: Db
  followers: ReadonlyMap<string, Follower>
  hint: Hint
  pollMs: number
  closing: AbortSignal
  part: Part
}

/** Starts each reaction that has facts to take, again and again until the dispatcher is closed. */
async function lookForFacts({ db, followers, hint, pollMs, closing, part }: Look): Promise<void> {
  const names = [...followers.keys()]
  let pauses = pauseMs.least
  while (!closing.aborted) {
    hint.reset()
    try {
      // On the connection that is open in an idle process anyway.
      const { now, behind } = await lookAround(db.relaxed, names)
      for (const name of behind) followers.get(name)!.start(now)
      part.well(looking)
    } catch (error) {
      part.failed(looking, error)
      await pause(pollMs, closing)
    }
    await pause(pauses, closing)
    const paused = performance.now()
    await hint.wait(pollMs)
    const isBusy = hint.isGiven() && performance.now() - paused < pauseMs.soon
    pauses = isBusy ? Math.min(pauseMs.most, pauses * 2) : pauseMs.least
  }
}
