import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '../../db/db.ts'
import { sql } from '../../db/sql.ts'
import type { Questions } from './ask.ts'
import type { OwnLease } from './lease.ts'
import { channel, send, type Asking } from './messages.ts'
import type { Stamps } from './stamps.ts'

type LearnerOptions = {
  /** The name of this process in its messages. */
  self: string
  db: Db
  lease: OwnLease
  questions: Questions
  stamps: Stamps
  /** The pause between two attempts, in ms. */
  pauseMs: number
  closing: AbortSignal
}

/** A process that knows the stamps. */
type Source = { id: string; generation: string }

/** Gets the table of stamps from another process when this one joins, and gives it to others that join. */
export class Learner {
  readonly #options: LearnerOptions
  /**
   * This process's own request for a table of stamps. `hasBegun`: the process has received its own request, and notes
   * the changes that are to be added to the table.
   */
  #request: { change: string; hasBegun: boolean } | undefined

  constructor(options: LearnerOptions) {
    this.#options = options
  }

  /**
   * Gets the stamps from another process or, when none knows them, begins a new generation. Retries while the lease is
   * held.
   */
  async learn(leaseId: string): Promise<void> {
    const { lease, closing, pauseMs } = this.#options
    const isOurs = () => lease.id === leaseId && !closing.aborted
    while (isOurs() && !(await this.#learnOnce(leaseId))) await sleep(pauseMs, undefined, { ref: false })
  }

  /** Takes a request for the table: this process's own, or one of another process, which it answers if it is asked. */
  hear({ change, to }: Asking): void {
    const { lease, stamps, questions } = this.#options
    if (this.#request && change === this.#request.change) {
      // The process that was asked copies its table at this very place in the order of all messages: changes from here
      // on are noted here, to be added to the copy.
      stamps.begin()
      this.#request.hasBegun = true
    }
    if (to !== lease.id || lease.id === '' || !lease.isTrusted()) return
    const known = stamps.table()
    if (known) questions.reply(change, known.table)
  }

  async #learnOnce(leaseId: string): Promise<boolean> {
    const { lease, stamps } = this.#options
    const fresh = randomUUID()
    const source = await this.#findSource(leaseId, fresh)
    if (lease.id !== leaseId || source === 'none') return false
    if (source !== 'ourselves') return this.#adoptFrom(source, leaseId)
    stamps.found(fresh)
    return true
  }

  /** `ourselves`: no process knows the stamps, and this one begins a new generation. `none`: its lease has run out. */
  async #findSource(leaseId: string, fresh: string): Promise<Source | 'ourselves' | 'none'> {
    const { db, stamps } = this.#options
    return db.transaction(async (tx) => {
      // One process at a time: two that begin at once must not begin two generations.
      await tx.row(sql`select pg_advisory_xact_lock(hashtext(${channel}))`)
      const known = await tx.row<Source>(sql`
        select id, generation from replica
        where generation is not null and id <> ${leaseId} and lease_until > clock_timestamp()
        order by random() limit 1`)
      if (known) return known
      stamps.begin()
      const made = await tx.run(sql`
        update replica set generation = ${fresh} where id = ${leaseId} and lease_until > clock_timestamp()`)
      return made > 0 ? 'ourselves' : 'none'
    })
  }

  async #adoptFrom(source: Source, leaseId: string): Promise<boolean> {
    const { self, db, lease, questions, stamps } = this.#options
    const request = { change: randomUUID(), hasBegun: false }
    this.#request = request
    await send(db, { kind: 'ask', from: self, change: request.change, to: source.id, question: 'stamps' })
    const [table] = await questions.answersTo(request.change, 1)
    const isOurs = this.#request === request
    if (!table || !request.hasBegun || !isOurs || lease.id !== leaseId) return false
    this.#request = undefined
    stamps.adopt(source.generation, table)
    await db.run(sql`update replica set generation = ${source.generation} where id = ${leaseId}`)
    return true
  }
}
