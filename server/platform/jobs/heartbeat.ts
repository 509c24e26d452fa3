import { hostname } from 'node:os'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'

/** `isAlive` false: other processes took this one for dead. `stops`: its tasks that are to be stopped. */
type Beat = { isAlive: boolean; stops: number[]; paused: string[] }

type HeartbeatOptions = {
  db: Db
  poolId: string
  concurrency: number
  /** A process without a heartbeat for this long is taken for dead, in ms. */
  leaseMs: number
}

/** Writes this process's heartbeat, and says when it may take others for dead. */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  /** The time of the last heartbeat, and from when on this process may judge others; by its own clock, in ms. */
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

  /** Renews the lease, and reads stops and pauses whose notification may have been lost. */
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

  /** False also before the first heartbeat after a gap. */
  mayJudge(): boolean {
    const now = performance.now()
    return now >= this.#judgesFrom && now - this.#beatAt <= this.#options.leaseMs / 2
  }

  async unregister(): Promise<void> {
    const { db, poolId } = this.#options
    await db.relaxed.run(sql`delete from worker_pool where id = ${poolId}`)
  }

  /**
   * The database may have been away for all processes: after a gap, each gets one more lease to write its heartbeat.
   */
  #noteBeat(): void {
    const { leaseMs } = this.#options
    const now = performance.now()
    if (now - this.#beatAt > leaseMs / 2) this.#judgesFrom = now + leaseMs
    this.#beatAt = now
  }
}
