import { hostname } from 'node:os'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'

/** `isAlive` false: this process was taken for dead. `stops` are tasks of ours that somebody wants to be stopped. */
type Beat = { isAlive: boolean; stops: number[]; paused: string[] }

type HeartbeatOptions = {
  db: Db
  poolId: string
  concurrency: number
  /** A process that says nothing for this long is taken for dead, in ms. */
  leaseMs: number
}

/** Tells the others that this process lives, and says when it may take others for dead. */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  /** When it last told that it lives, and from when on it may judge others; by its own clock, in ms. */
  #beatAt = performance.now()
  #judgesFrom = 0

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  async register(): Promise<void> {
    const { db, poolId, concurrency } = this.#options
    await db.run(sql`
      insert into worker_pool (id, pid, host, concurrency)
      values (${poolId}, ${process.pid}, ${hostname()}, ${concurrency})
      on conflict (id) do update set heartbeat_at = clock_timestamp()`)
  }

  /** Keeps the lease, and looks for what a lost notification would have told. */
  async beat(): Promise<Beat> {
    const { db, poolId } = this.#options
    const row = await db.relaxed.row<{ alive: number; stops: string[]; paused: string[] }>(sql`
      with beat as (update worker_pool set heartbeat_at = clock_timestamp() where id = ${poolId} returning id)
      select (select count(*) from beat) as alive,
        array(
          select id::text from task
          where pool_id = ${poolId} and status = 'Running' and stop_asked_at is not null) as stops,
        array(select job_type from paused_queue) as paused`)
    this.#noteBeat()
    const { alive, stops, paused } = row!
    return { isAlive: alive > 0, stops: stops.map(Number), paused }
  }

  /** Not before the first beat after a gap, either. */
  mayJudge(): boolean {
    const now = performance.now()
    return now >= this.#judgesFrom && now - this.#beatAt <= this.#options.leaseMs / 2
  }

  async unregister(): Promise<void> {
    const { db, poolId } = this.#options
    await db.relaxed.run(sql`delete from worker_pool where id = ${poolId}`)
  }

  /**
   * A database that was away was so for all: a process that could not tell that it lives gets one more lease to do it.
   */
  #noteBeat(): void {
    const { leaseMs } = this.#options
    const now = performance.now()
    if (now - this.#beatAt > leaseMs / 2) this.#judgesFrom = now + leaseMs
    this.#beatAt = now
  }
}
