import { randomUUID } from 'node:crypto'
import type { Db, Queryable } from '../../db/db.ts'
import { sql, type Sql } from '../../db/sql.ts'
import type { Connection } from './connection.ts'

/** A row of `replica`: the lease of a process; `until` is the database's text of the time. */
export type LeaseRow = { id: string; until: string }

/**
 * How much earlier than in the database a process counts its own lease as over, in ms: for the time that the reply
 * takes, and because a crash of PostgreSQL may lose the renewals of the last 0.6 s, which do not wait for the disk.
 */
const marginMs = 1000

/** All rows of `replica` that a statement finds, as one JSON array of LeaseRow. */
export const leaseRows: Sql = sql`
  coalesce(json_agg(json_build_object('id', id, 'until', lease_until)) filter (where id is not null), '[]')`

/**
 * Ends all leases, whose processes must be known to be dead: otherwise every push would wait until they run out. Only
 * for a database that no other process uses yet.
 */
export async function forgetLeases(db: Queryable): Promise<void> {
  await db.run(sql`delete from replica`)
}

/** Ends the lease of a process that is known to be dead: the writes of others need not wait until it runs out. */
export async function forgetLease(db: Queryable, id: string): Promise<void> {
  await db.run(sql`delete from replica where id = ${id}`)
}

/**
 * The right of this process to serve from memory, until the time in its row. Each time it is taken it has a new row.
 */
export class OwnLease {
  readonly #db: Db
  readonly #connection: Connection
  readonly #leaseMs: number
  #id = ''
  /** Earlier leases of this process whose rows may remain after a broken connection; nothing is served under them. */
  #lost: string[] = []
  #end = -Infinity
  /** The same by the wall clock: while a machine sleeps, its monotonic clock stands still. */
  #endOnWall = -Infinity

  constructor(db: Db, connection: Connection, leaseMs: number) {
    this.#db = db
    this.#connection = connection
    this.#leaseMs = leaseMs
  }

  /** Empty while this process has no lease. */
  get id(): string {
    return this.#id
  }

  /** The rows of this process, which it need not tell of changes. */
  get ownIds(): string[] {
    return this.#id === '' ? this.#lost : [this.#id, ...this.#lost]
  }

  isTrusted(): boolean {
    return performance.now() < this.#end && Date.now() < this.#endOnWall
  }

  /** Stops serving from memory until the next renewal. */
  suspend(): void {
    this.#end = -Infinity
  }

  /**
   * Writes a new row. Returns the horizon: a transaction that began to write before it may have listed the leases
   * without this one. Nothing may be served until all those transactions have ended and the lease was renewed.
   */
  async take(): Promise<string> {
    this.#id = randomUUID()
    const db = this.#db
    await db.run(sql`delete from replica where lease_until < now() - interval '1 minute'`)
    await db.run(sql`delete from replica_answer where written_at < now() - interval '1 minute'`)
    await db.run(sql`
      insert into replica (id, lease_until)
      values (${this.#id}, clock_timestamp() + make_interval(secs => ${this.#leaseMs / 1000}))`)
    const row = await db.row<{ horizon: string }>(sql`
      select pg_snapshot_xmax(pg_current_snapshot())::text as horizon`)
    return row!.horizon
  }

  /** Renews the lease and serves under it. Returns the leases of others. Rejects as `keepRow` does. */
  async renew(): Promise<LeaseRow[]> {
    const [sentAt, sentAtOnWall] = [performance.now(), Date.now()]
    const others = await this.keepRow()
    if (this.#connection.isOpen) this.#end = sentAt + this.#leaseMs - marginMs
    this.#endOnWall = sentAtOnWall + this.#leaseMs - marginMs
    return others
  }

  /**
   * Renews only the row. Returns the leases of others. Rejects when the lease has run out, as changes may have been
   * missed then. Runs on the connection that brings the changes: when that went silent without breaking, the lease must
   * end, as other processes would wait for answers.
   */
  async keepRow(): Promise<LeaseRow[]> {
    const [row] = await this.#connection.rows<{ isKept: boolean; others: LeaseRow[] }>(sql`
      with kept as (
        update replica set lease_until = clock_timestamp() + make_interval(secs => ${this.#leaseMs / 1000})
        where id = ${this.#id} and lease_until > clock_timestamp() returning id)
      select exists (select 1 from kept) as "isKept", ${leaseRows} as others from replica where id <> ${this.#id}`)
    if (!row!.isKept) throw new Error('the lease ran out')
    return row!.others
  }

  /** Gives the lease up at once. Returns its id; the caller removes its row. */
  drop(): string {
    const gone = this.#id
    this.#id = ''
    if (gone !== '') this.#lost = [gone, ...this.#lost].slice(0, 20)
    return gone
  }

  async removeRow(id: string): Promise<void> {
    if (id !== '') await this.#db.relaxed.run(sql`delete from replica where id = ${id}`)
  }
}

/** The leases of other processes, and how long they last, by this process's own clock alone. */
export class OtherLeases {
  readonly #db: Db
  readonly #leaseMs: number
  /** The `until` of each lease, and when this process first saw it, by its own clock: that of the database may jump. */
  readonly #seen = new Map<string, { until: string; at: number }>()
  #count = 0

  constructor(db: Db, leaseMs: number) {
    this.#db = db
    this.#leaseMs = leaseMs
  }

  /** How many there were when last read. */
  get count(): number {
    return this.#count
  }

  /** Notes the leases that exist, and ends those that have run out. */
  async look(others: LeaseRow[]): Promise<void> {
    this.#count = others.length
    for (const id of this.#seen.keys()) if (others.every((one) => one.id !== id)) this.#seen.delete(id)
    for (const one of others) if (this.leftMs(one) <= 0) await this.end(one)
  }

  /**
   * How long another process may still serve from memory under this lease, in ms, counted from when this process first
   * saw it: the lease was renewed before that, and its process counts it as over a second earlier.
   */
  leftMs({ id, until }: LeaseRow): number {
    const now = performance.now()
    if (this.#seen.get(id)?.until !== until) this.#seen.set(id, { until, at: now })
    return this.#seen.get(id)!.at + this.#leaseMs - now
  }

  /** Ends a lease for good: its process cannot renew it any more. False when it was renewed meanwhile. */
  async end({ id, until }: LeaseRow): Promise<boolean> {
    const count = await this.#db.relaxed.run(sql`
      delete from replica where id = ${id} and lease_until = ${until}::text::timestamptz`)
    return count > 0
  }

  /** Counts each lease anew: a PostgreSQL that crashed may have lost a renewal. */
  forget(): void {
    this.#seen.clear()
  }
}
