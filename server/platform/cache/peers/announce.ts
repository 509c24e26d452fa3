import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseUnavailable, type CommitGuard, type Db, type Queryable } from '../../db/db.ts'
import { sql } from '../../db/sql.ts'
import type { Cache } from '../cache.ts'
import { listEnded } from './blocks.ts'
import { leaseRows, type LeaseRow, type OtherLeases, type OwnLease } from './lease.ts'
import { batchesOf, send } from './messages.ts'
import type { Stamps } from './stamps.ts'

type AnnouncementsOptions = {
  /** The name of this process in its messages. */
  self: string
  db: Db
  cache: Cache
  lease: OwnLease
  others: OtherLeases
  leaseMs: number
  /** True while this process listens, so that the answers of others reach it. */
  isListening(): boolean
  closing: AbortSignal
  stamps: Stamps | undefined
  onTrouble(error: unknown): void
}

/** `xid` is null when the transaction has written nothing. `others`: the leases whose processes must be told. */
type Change = { keys: ReadonlySet<string>; xid: string | null; others: LeaseRow[] }
/** A change of this process that waits for the other processes. */
type Waiting = { answer(lease: string): void; hear(): void; fail(error: Error): void }
/**
 * `leases`: those whose processes have not answered yet. `unheard`: how many of this process's own messages it has not
 * received yet. `over` resolves when there are neither.
 */
type Missing = { leases: Map<string, LeaseRow>; unheard: number; over: Promise<void> }

/** How long a change waits for this process's connection to be opened again, in ms. */
const comebackMs = 3000
/** How often a change looks whether the lease of a process that does not answer is still there, in ms. */
const lookMs = 250

/** Announces the changes of this process to the others before each commit, and releases the keys after it. */
export class Announcements implements CommitGuard {
  readonly #options: AnnouncementsOptions
  /** By the id of the change. */
  readonly #waiting = new Map<string, Waiting>()

  constructor(options: AnnouncementsOptions) {
    this.#options = options
  }

  /** Commits with the keys blocked on every process that may serve them from memory. */
  async around<Result>(keys: ReadonlySet<string>, tx: Queryable, commit: () => Promise<Result>): Promise<Result> {
    const { cache, stamps } = this.#options
    const release = cache.block(keys)
    const end = () => {
      release()
      cache.tidy(keys)
    }
    const change = await orEnd(end, async () => ({ keys, ...(await this.#lookAround(tx)) }))
    if (change.others.length > 0) return this.#announced(change, commit, end)
    // No other process has a lease, and one that joins from now on waits until this transaction has ended.
    stamps?.note(randomUUID(), keys)
    return this.#committed(change.xid, commit, end)
  }

  /** To be called when another process has blocked the keys of a change of this process. */
  answered(change: string, lease: string): void {
    this.#waiting.get(change)?.answer(lease)
  }

  /** To be called when this process receives one of its own messages about a change. */
  heard(change: string): void {
    this.#waiting.get(change)?.hear()
  }

  /** Fails all changes that wait: the connection that brings the answers broke. */
  giveUp(cause: unknown): void {
    for (const one of this.#waiting.values()) {
      one.fail(new DatabaseUnavailable('the connection to the other processes broke', { cause }))
    }
  }

  /** The transaction's own id, and the leases of other processes. */
  async #lookAround(tx: Queryable): Promise<Omit<Change, 'keys'>> {
    const row = await tx.row<Omit<Change, 'keys'>>(sql`
      select pg_current_xact_id_if_assigned()::text as xid, ${leaseRows} as others
      from replica where not id = any(${this.#options.lease.ownIds}::uuid[])`)
    return row!
  }

  async #announced<Result>(change: Change, commit: () => Promise<Result>, endHere: () => void): Promise<Result> {
    const { db, self, onTrouble } = this.#options
    const id = randomUUID()
    const end = () => {
      endHere()
      send(db, { kind: 'release', from: self, change: id }).catch(onTrouble)
    }
    await orEnd(end, () => this.#announce(id, change))
    return this.#committed(change.xid, commit, end)
  }

  /**
   * Commits, then ends the block. A commit without an answer, because the connection broke, may still take place: then
   * the block stays until the transaction has ended in the database.
   */
  async #committed<Result>(xid: string | null, commit: () => Promise<Result>, end: () => void): Promise<Result> {
    let isUnknown = false
    try {
      return await commit()
    } catch (error) {
      isUnknown = error instanceof DatabaseUnavailable
      throw error
    } finally {
      if (isUnknown && xid !== null) void this.#outlive(xid).then(end)
      else end()
    }
  }

  /**
   * Waits until the transaction has ended, without a limit. On closing it stops: other processes lift their blocks by
   * themselves.
   */
  async #outlive(xid: string): Promise<void> {
    const { db, closing } = this.#options
    const isOver = () =>
      listEnded(db, [xid]).then(
        (ended) => ended.has(xid),
        () => false,
      )
    for (let pause = 10; !(await isOver()) && !closing.aborted; pause = Math.min(pause * 2, 1000)) {
      await sleep(pause, undefined, { ref: false })
    }
  }

  /** Resolves when no process serves the keys from memory any more. */
  async #announce(change: string, { keys, xid, others }: Change): Promise<void> {
    const { db, self } = this.#options
    if (!(await this.#isListening())) throw new DatabaseUnavailable('the other processes cannot be told of this change')
    const batches = batchesOf([...keys])
    const missing = this.#wait(change, others, batches.length)
    try {
      for (const [index, batch] of batches.entries()) {
        const needsAck = index === batches.length - 1
        await send(db, { kind: 'block', from: self, change, keys: batch, needsAck, xid })
      }
      await this.#allAnswered(missing)
    } finally {
      this.#waiting.delete(change)
    }
  }

  /**
   * A broken connection is opened again within moments: a change waits up to `comebackMs` for that instead of failing.
   */
  async #isListening(): Promise<boolean> {
    const { isListening, closing } = this.#options
    for (let waited = 0; waited < comebackMs && !closing.aborted; waited += 20) {
      if (isListening()) return true
      await sleep(20)
    }
    return isListening()
  }

  /** Registers the change, so that answers and the process's own `unheard` messages are counted from now on. */
  #wait(change: string, others: LeaseRow[], unheard: number): Missing {
    const { promise: over, resolve, reject } = Promise.withResolvers<void>()
    over.catch(() => {})
    const missing: Missing = { leases: new Map(others.map((one) => [one.id, one])), unheard, over }
    const look = () => void (missing.leases.size === 0 && missing.unheard === 0 && resolve())
    this.#waiting.set(change, {
      answer: (lease) => void (missing.leases.delete(lease) && look()),
      hear: () => (missing.unheard--, look()),
      fail: reject,
    })
    return missing
  }

  /**
   * Waits until each process has answered or its lease has ended, and until this process has received its own messages
   * (and so noted the change in its stamps).
   */
  async #allAnswered(missing: Missing): Promise<void> {
    const { others, leaseMs } = this.#options
    const { leases } = missing
    const end = performance.now() + leaseMs * 3
    while (leases.size > 0 || missing.unheard > 0) {
      if (leases.size === 0 && performance.now() > end) {
        throw new DatabaseUnavailable('our own announcement of this change did not come back')
      }
      const leftMs = Math.max(100, ...[...leases.values()].map((one) => others.leftMs(one)))
      await atMost(Math.min(leftMs, lookMs) + 10, missing.over)
      if (leases.size > 0) await this.#dropSilent(leases)
    }
  }

  /** Removes from `missing` the leases that are gone, and those that have run out, which it ends. */
  async #dropSilent(missing: Map<string, LeaseRow>): Promise<void> {
    const { db, others } = this.#options
    // Not by the main pool, of which each change that waits holds a connection.
    const row = await db.relaxed.row<{ there: LeaseRow[] }>(sql`
      select ${leaseRows} as there from replica where id = any(${[...missing.keys()]}::uuid[])`)
    const there = new Map(row!.there.map((one) => [one.id, one]))
    for (const id of missing.keys()) {
      const one = there.get(id)
      if (!one || (others.leftMs(one) <= 0 && (await others.end(one)))) missing.delete(id)
      else missing.set(id, one)
    }
  }
}

/** Runs `end` when the work fails. */
async function orEnd<Result>(end: () => void, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    end()
    throw error
  }
}

/** Waits for `over` for at most `ms`; rejects when `over` does. */
async function atMost(ms: number, over: Promise<void>): Promise<void> {
  const done = new AbortController()
  const late = sleep(ms, undefined, { signal: done.signal }).catch(() => {})
  try {
    await Promise.race([over, late])
  } finally {
    done.abort()
  }
}
