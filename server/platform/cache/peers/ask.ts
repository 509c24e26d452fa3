import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '../../db/db.ts'
import { sql } from '../../db/sql.ts'
import type { OwnLease } from './lease.ts'
import { send, type Asking, type Question } from './messages.ts'

type QuestionsOptions = {
  /** The name of this process in its messages. */
  self: string
  db: Db
  lease: OwnLease
  closing: AbortSignal
  /** Answers what another process asks. */
  onQuestion: ((question: Question) => unknown) | undefined
  onTrouble(error: unknown): void
}

/** How long a question to other processes waits for their answers, in ms. */
const answerMs = 2000

/** Questions between processes: asked by a notification, answered by rows, as notifications are small. */
export class Questions {
  readonly #options: QuestionsOptions

  constructor(options: QuestionsOptions) {
    this.#options = options
  }

  /** Asks every process with a lease. Returns the answers that arrive within 2 s, in no order. */
  async ask(question: Question): Promise<unknown[]> {
    const { self, db } = this.#options
    const change = randomUUID()
    await send(db, { kind: 'ask', from: self, change, to: null, question })
    const expected = await db.row<{ count: number }>(sql`
      select count(*) from replica where lease_until > clock_timestamp()`)
    const bodies = await this.answersTo(change, expected!.count)
    return bodies.map((body) => JSON.parse(body.toString('utf8')) as unknown)
  }

  /** Waits for `count` answers, at most 2 s, and returns those that have arrived. */
  async answersTo(change: string, count: number): Promise<Buffer[]> {
    const { db, closing } = this.#options
    const end = performance.now() + answerMs
    for (let pause = 3; ; pause = Math.min(pause * 2, 100)) {
      await sleep(pause)
      const there = await db.row<{ count: number }>(sql`
        select count(*) from replica_answer where question = ${change}`)
      if (there!.count < count && performance.now() < end && !closing.aborted) continue
      const rows = await db.rows<{ body: Buffer }>(sql`
        delete from replica_answer where question = ${change} returning body`)
      return rows.map(({ body }) => body)
    }
  }

  /** Answers a question that is for this process. Only a process with a lease answers. */
  answer({ change, to }: Asking, question: Question): void {
    const { lease, onQuestion, onTrouble } = this.#options
    if (lease.id === '' || (to !== null && to !== lease.id)) return
    const answer = onQuestion?.(question)
    Promise.resolve(answer).then((value) => this.reply(change, Buffer.from(JSON.stringify(value ?? null))), onTrouble)
  }

  reply(change: string, body: Buffer): void {
    const { db, lease, onTrouble } = this.#options
    const written = db.relaxed.run(sql`
      insert into replica_answer (question, replica, body) values (${change}, ${lease.id}, ${body}::bytea)
      on conflict do nothing`)
    written.catch(onTrouble)
  }
}
