import { randomUUID } from 'node:crypto'
import type { Db, Queryable } from '../../db/db.ts'
import { sql, type Sql } from '../../db/sql.ts'
import type { Connection } from './connection.ts'

/** A row of `replica`: the lease of some process; `until` as the database writes it. */
export type LeaseRow = { id: string; until: string }

/**
 * We count a lease as over this much before the database does, in ms: for the reply's way back, and because a crash of
 * PostgreSQL may lose the last 0.6 s of renewals, which do not wait for the disk.
 */
const marginMs = 1000

/** All rows of `replica` that a statement finds, as one JSON array of LeaseRow. */
export const leaseRows: Sql = sql`
  coalesce(json_agg(json_build_object('id', id, 'until', lease_until)) filter (where id is not null), '[]')`

/**
 * Ends the leases of processes that are known to be dead, all of them: while one ran out by itself, every push would wait
 * for up to its length. Only for a database that no other process uses yet.
 */
export async function forgetLeases(db: Queryable): Promise<void> {
  await db.run(sql`delete from replica`)
}

/**
 * The right of this process to serve from memory: a row that says until when. Each time it begins anew it is another
 * row.
 */
export class OwnLease {
  readonly #db: Db
  readonly #connection: Connection
  readonly #leaseMs: number
  #id = ''
  /** Leases of our own that may still stand in the database after a broken connection; nothing is served under them. */
  #lost: string[] = []
  #end = -Infinity
  /** The same on the clock of the wall: a machine that slept finds its monotonic clock where it was. */
  #endOnWall = -Infinity

  constructor(db: Db, connection: Connection, leaseMs: number) {
    this.#db = db
    this.#connection = connection
    this.#leaseMs = leaseMs
  }

  /** Empty while this process has none. */
  get id(): string {
    return this.#id
  }

  /** The rows of this process: no other one serves under them. */
  get ownIds(): string[] {
    return this.#id === '' ? this.#lost : [this.#id, ...this.#lost]
  }

  isTrusted(): boolean {
    return performance.now() < this.#end && Date.now() < this.#endOnWall
  }

  /** Nothing is served from memory from here on, until the next renewal. */
  suspend(): void {
    this.#end = -Infinity
  }

  /**
   * Writes a new row. Returns the horizon: a transaction that began to write before it may have listed the leases
   * without this one. Nothing may be served until all those have ended and the lease was renewed.
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

  /** Prolongs the lease and serves under it. Returns the leases of others. Rejects as `keepRow` does. */
  async renew(): Promise<LeaseRow[]> {
    const [sentAt, sentAtOnWall] = [performance.now(), Date.now()]
    const others = await this.keepRow()
    if (this.#connection.isOpen) this.#end = sentAt + this.#leaseMs - marginMs
    this.#endOnWall = sentAtOnWall + this.#leaseMs - marginMs
    return others
  }

  /**
   * Prolongs the row alone. Returns the leases of others. Rejects when the lease has run out meanwhile, for then
   * changes may have gone by unseen. By the connection that brings the changes: one that went silent without breaking
   * must not leave us with a lease, and others waiting for our answers.
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

  /** Gives the lease up at once. Returns its id, whose row is still to be removed. */
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

/** The leases of other processes, and how long each may still be served under, by our own clock alone. */
export class OtherLeases {
  readonly #db: Db
  readonly #leaseMs: number
  /** Each lease as it stands, and since when on our own clock: that of the database may jump. */
  readonly #seen = new Map<string, { until: string; at: number }>()
  #count = 0

  constructor(db: Db, leaseMs: number) {
    this.#db = db
    this.#leaseMs = leaseMs
  }

  /** As last seen. */
  get count(): number {
    return this.#count
  }

  /** Takes note of those there are, and ends those that ran out. */
  async look(others: LeaseRow[]): Promise<void> {
    this.#count = others.length
    for (const id of this.#seen.keys()) if (others.every((one) => one.id !== id)) this.#seen.delete(id)
    for (const one of others) if (this.leftMs(one) <= 0) await this.end(one)
  }

  /**
   * How long another process may serve from memory by a lease that stands so, counted from when we first saw it: it was
   * renewed before that, and is served under for a second less.
   */
  leftMs({ id, until }: LeaseRow): number {
    const now = performance.now()
    if (this.#seen.get(id)?.until !== until) this.#seen.set(id, { until, at: now })
    return this.#seen.get(id)!.at + this.#leaseMs - now
  }

  /** Ends a lease for good: a process that wakes up with it cannot renew it. False when it was renewed. */
  async end({ id, until }: LeaseRow): Promise<boolean> {
    return (
      (await this.#db.run(sql`
      delete from replica where id = ${id} and lease_until = ${until}::text::timestamptz`)) > 0
    )
  }

  /** Counts each lease anew: a PostgreSQL that crashed may have gone back to how a lease stood before. */
  forget(): void {
    this.#seen.clear()
  }
}
