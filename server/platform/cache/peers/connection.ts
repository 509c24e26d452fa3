import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Db } from '../../db/db.ts'
import type { Sql } from '../../db/sql.ts'
import { channel, type Message } from './messages.ts'

type ConnectionOptions = {
  db: Db
  /** How long a statement may go without an answer before the connection counts as silent, in ms. */
  silenceMs: number
  onMessage(message: Message): void
  /** Called when the connection breaks; `isOpen` is false by then. */
  onBreak(error: Error): void
}

/** The one connection that brings the messages of other processes. Its owner opens it again after it broke. */
export class Connection {
  readonly #options: ConnectionOptions
  #client: pg.Client | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#client !== undefined
  }

  async open(): Promise<void> {
    const { db, onMessage, onBreak } = this.#options
    const client = await db.connect()
    client.on('notification', ({ payload }) => onMessage(JSON.parse(payload!) as Message))
    client.on('error', (error) => {
      if (this.#client !== client) return
      this.#client = undefined
      onBreak(error)
    })
    this.#client = client
    // Renewals need not wait for the disk.
    await this.#inTime(client.query(`set synchronous_commit to off; listen ${channel}`))
  }

  /** Runs a statement on this very connection. Rejects when the connection broke or went silent. */
  async rows<Row extends pg.QueryResultRow>(statement: Sql): Promise<Row[]> {
    if (!this.#client) throw new Error('the connection that brings changes broke')
    return (await this.#inTime(this.#client.query<Row>(statement))).rows
  }

  /** Never rejects. */
  async close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    client?.removeAllListeners('error')
    client?.on('error', () => {})
    // A connection that went silent never ends properly.
    if (client) await this.#inTime(client.end()).catch(() => {})
  }

  /** Rejects when the answer takes longer than `silenceMs`. */
  async #inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
    const done = new AbortController()
    const late = sleep(this.#options.silenceMs, undefined, { signal: done.signal, ref: false }).then(() => {
      throw new Error('the connection that brings changes went silent')
    })
    late.catch(() => {})
    answer.catch(() => {})
    try {
      return await Promise.race([answer, late])
    } finally {
      done.abort()
    }
  }
}
