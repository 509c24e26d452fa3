import { randomUUID } from 'node:crypto'
import type { CommitGuard, Db, Queryable } from '../../db/db.ts'
import { sql } from '../../db/sql.ts'
import type { Cache } from '../cache.ts'
import { Announcements } from './announce.ts'
import { Questions } from './ask.ts'
import { Blocks } from './blocks.ts'
import { Connection } from './connection.ts'
import { Learner } from './learn.ts'
import { OtherLeases, OwnLease } from './lease.ts'
import { send, type Block, type Message, type Question } from './messages.ts'
import type { Stamps } from './stamps.ts'

/**
 * Keeps the memory caches of all processes on one database true, with PostgreSQL alone. The argument is in
 * docs/decisions/0007-caching.md; in short:
 * - A process serves from memory only while it holds a lease, a row that says until when (the database's clock).
 * - Before a commit, the writer tells every process with a lease which keys change, and waits until each has blocked
 * them or its lease has run out. After the commit it releases them.
 * - A process that joins keeps nothing until every transaction that may not have seen its row has ended. With `stamps`,
 * it also notes every change there, in the same order as all others (docs/decisions/0009-redis.md).
 */
export interface Peers extends CommitGuard, AsyncDisposable {
  /** True while this process is told of every change, so that it may serve from memory. */
  isTrusted(): boolean
  /**
   * Takes a lease, and takes it again after a lost connection. The cache is used once `isTrusted` is true, a moment
   * later. A command that only writes (`isReader: false`) tells others of its changes and keeps nothing itself.
   */
  join(db: Db, cache: Cache, as?: { isReader?: boolean }): Promise<void>
  /** How many processes have a lease, this one included, at the last renewal. */
  count(): number
  /** Asks every process with a lease, this one included, and waits at most 2 s. The answers are in no order. */
  ask(question: Question): Promise<unknown[]>
}

type PeersOptions = {
  /** How long a process that does not answer may hold up the writes of others, in ms. */
  leaseMs?: number
  /** The age from which a block that was not released is lifted, once its transaction has ended, in ms. */
  blockLimitMs?: number
  /** The table of stamps, kept equal to those of all other processes that have one. */
  stamps?: Stamps
  /** Answers what another process asks. */
  onQuestion?: (question: Question) => unknown
  /** Called with the id of each lease that this process takes; see `forgetLease`. */
  onLease?: (id: string) => void
  onTrouble?: (error: unknown) => void
}

/** Twice the time after which PostgreSQL ends a silent transaction, in ms. */
const defaultBlockLimitMs = 120_000
/** The pause between two attempts to join again, in ms. */
const afterTroubleMs = 200

/** Makes this process a peer. Until it joins, its commits are not announced and its memory is not trusted. */
export function openPeers(options: PeersOptions = {}): Peers {
  let seat: Seat | undefined
  return {
    isTrusted: () => seat?.isTrusted() ?? false,
    count: () => seat?.count() ?? 1,
    async join(db, cache, { isReader = true } = {}) {
      seat = new Seat(db, cache, options)
      await seat.join(isReader)
    },
    around: async (keys, tx, commit) => (seat ? seat.around(keys, tx, commit) : commit()),
    ask: async (question) => (seat ? seat.ask(question) : []),
    [Symbol.asyncDispose]: async () => seat?.[Symbol.asyncDispose](),
  }
}

/**
 * One process among the others: holds its lease until it is closed, and hands each message to the part that handles it.
 */
class Seat implements AsyncDisposable {
  /** The name of this process in its messages. */
  readonly #self = randomUUID()
  readonly #closing = new AbortController()
  readonly #db: Db
  readonly #cache: Cache
  readonly #leaseMs: number
  readonly #stamps: Stamps | undefined
  readonly #onLease: (id: string) => void
  readonly #onTrouble: (error: unknown) => void
  readonly #connection: Connection
  readonly #lease: OwnLease
  readonly #others: OtherLeases
  readonly #blocks: Blocks
  readonly #announcements: Announcements
  readonly #questions: Questions
  readonly #learner: Learner | undefined
  #living: Promise<void> = Promise.resolve()
  /** Ends the current pause. */
  #wake = () => {}

  constructor(db: Db, cache: Cache, options: PeersOptions) {
    const { leaseMs = 5000, blockLimitMs = defaultBlockLimitMs, stamps, onQuestion } = options
    const { onLease = () => {}, onTrouble = () => {} } = options
    const [self, closing] = [this.#self, this.#closing.signal]
    this.#db = db
    this.#cache = cache
    this.#leaseMs = leaseMs
    this.#stamps = stamps
    this.#onLease = onLease
    this.#onTrouble = onTrouble
    const connection = new Connection({
      db,
      silenceMs: leaseMs,
      onMessage: (message) => this.#receive(message),
      onBreak: (error) => this.#onBreak(error),
    })
    const lease = new OwnLease(db, connection, leaseMs)
    const others = new OtherLeases(db, leaseMs)
    const questions = new Questions({ self, db, lease, closing, onQuestion, onTrouble })
    this.#announcements = new Announcements({
      self,
      db,
      cache,
      lease,
      others,
      leaseMs,
      isListening: () => connection.isOpen,
      closing,
      stamps,
      onTrouble,
    })
    this.#learner = stamps && new Learner({ self, db, lease, questions, stamps, pauseMs: leaseMs / 5, closing })
    this.#blocks = new Blocks(db, cache, blockLimitMs)
    this.#connection = connection
    this.#lease = lease
    this.#others = others
    this.#questions = questions
  }

  async join(isReader: boolean): Promise<void> {
    await this.#connection.open()
    if (isReader) this.#living = this.#live()
  }

  isTrusted(): boolean {
    return this.#lease.isTrusted()
  }

  count(): number {
    return this.#others.count + 1
  }

  around<Result>(keys: ReadonlySet<string>, tx: Queryable, commit: () => Promise<Result>): Promise<Result> {
    return this.#announcements.around(keys, tx, commit)
  }

  ask(question: Question): Promise<unknown[]> {
    return this.#questions.ask(question)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    this.#lease.suspend()
    this.#stamps?.forget()
    this.#wake()
    await this.#living.catch(() => {})
    await this.#leave().catch(this.#onTrouble)
  }

  /** Holds a lease until the seat is closed; after an error it joins again, with an empty cache. */
  async #live(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        await this.#enter()
        this.#learner?.learn(this.#lease.id).catch(this.#onTrouble)
        await this.#stay()
        return
      } catch (error) {
        this.#lease.suspend()
        this.#stamps?.forget()
        if (this.#closing.signal.aborted) return
        this.#onTrouble(error)
        this.#announcements.giveUp(error)
        await this.#leave().catch(() => {})
        await this.#rest(afterTroubleMs)
      }
    }
  }

  /** LISTEN first, then the row, then the wait: from the row on, no change is missed. */
  async #enter(): Promise<void> {
    if (!this.#connection.isOpen) await this.#connection.open()
    this.#cache.clear()
    this.#stamps?.forget()
    const horizon = await this.#lease.take()
    this.#onLease(this.#lease.id)
    await this.#outlast(horizon)
    await this.#renew()
  }

  /** Renews the lease until the seat is closed. Rejects when the lease is lost. */
  async #stay(): Promise<void> {
    for (;;) {
      await this.#rest(this.#leaseMs / 5)
      if (this.#closing.signal.aborted) return
      await this.#renew()
    }
  }

  async #leave(): Promise<void> {
    const closed = this.#connection.close()
    const gone = this.#lease.drop()
    this.#blocks.releaseAll()
    await closed
    await this.#lease.removeRow(gone)
  }

  async #renew(): Promise<void> {
    await this.#others.look(await this.#lease.renew())
    await this.#blocks.liftOld()
  }

  /**
   * Waits until every transaction that began to write before `horizon` has ended: it may have listed the leases without
   * this one.
   */
  async #outlast(horizon: string): Promise<void> {
    for (let pause = 2; ; pause = Math.min(pause * 2, this.#leaseMs / 5)) {
      const row = await this.#db.row<{ isOver: boolean }>(sql`
        select pg_snapshot_xmin(pg_current_snapshot()) >= ${horizon}::text::xid8 as "isOver"`)
      if (row!.isOver) return
      await this.#rest(pause)
      this.#closing.signal.throwIfAborted()
      await this.#lease.keepRow()
    }
  }

  #onBreak(error: Error): void {
    this.#lease.suspend()
    this.#others.forget()
    this.#announcements.giveUp(error)
    this.#wake()
  }

  #receive(message: Message): void {
    if (message.kind === 'ack') {
      if (message.to === this.#self) this.#announcements.answered(message.change, message.from)
    } else if (message.kind === 'ask') {
      if (message.question === 'stamps') this.#learner?.hear(message)
      else this.#questions.answer(message, message.question)
    } else if (message.kind === 'block') {
      if (message.from === this.#self) this.#hearOwn(message)
      else this.#block(message)
    } else if (message.from !== this.#self) {
      this.#blocks.release(message.change)
    }
  }

  /**
   * This process blocked the keys before it sent the message. It notes them now, in the order of all processes'
   * messages.
   */
  #hearOwn({ change, keys }: Block): void {
    this.#stamps?.note(change, keys)
    this.#announcements.heard(change)
  }

  /** Blocks the keys of another process's change, then answers. */
  #block(message: Block): void {
    const { change, keys, from, needsAck } = message
    this.#blocks.add(message)
    this.#stamps?.note(change, keys)
    if (!needsAck || this.#lease.id === '') return
    send(this.#db, { kind: 'ack', from: this.#lease.id, to: from, change }).catch(this.#onTrouble)
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
