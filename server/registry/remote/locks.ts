import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'

/** A lock that its caller holds. */
export type Held = {
  /** Throws LockLost when the lock is no longer held. To be called right before a write. */
  check(): Promise<void>
  /**
   * Aborted with LockLost when the lease is over or another process has the lock: a write that is still on its way then
   * may overwrite what the next holder writes.
   */
  signal: AbortSignal
}

/** Another process may have taken the lock, as this one was silent for longer than the lease. */
export class LockLost extends Error {
  override name = 'LockLost'
}

/** Locks on things at other registries, which have no locks of their own. */
export interface Locks {
  /** Runs `work` while no other caller works on `key`. Rejects with the signal's reason when aborted before. */
  hold<Result>(key: string, signal: AbortSignal | undefined, work: (held: Held) => Promise<Result>): Promise<Result>
}

const never = new AbortController().signal

/** For endpoints that no other process changes, such as one that is only tried. */
export const noLocks: Locks = { hold: (_key, _signal, work) => work({ check: async () => {}, signal: never }) }

/** Times in ms: how long a lock outlives its holder, how often the holder extends it, and how often others look. */
type Times = { leaseMs: number; extendMs: number; pollMs: number }
const usual: Times = { leaseMs: 30_000, extendMs: 10_000, pollMs: 100 }

/**
 * Opens the locks that all processes share in PostgreSQL. A lock is a row with a lease, so that nobody keeps a
 * connection while the other registry answers. The holder extends its lease; the lock of a process that dies is free
 * after it.
 */
export function openLocks(db: Queryable, { leaseMs, extendMs, pollMs }: Times = usual): Locks {
  return {
    async hold(key, signal, work) {
      const lock = { key, holder: randomUUID(), leaseMs }
      // Counted from before the question, so that the lease ends here no later than in the database.
      let askedAt = performance.now()
      while (!(await take(db, lock))) {
        signal?.throwIfAborted()
        // With jitter, so that those who wait do not ask at the same moments.
        await sleep(pollMs * (0.5 + Math.random()), undefined, signal ? { signal } : {})
        askedAt = performance.now()
      }
      using lease = openLease(db, lock, askedAt)
      const timer = setInterval(() => void lease.extend().catch(() => {}), extendMs)
      try {
        return await work({ check: lease.extend, signal: lease.signal })
      } finally {
        clearInterval(timer)
        // Whoever waits gets it after the lease at the latest.
        await release(db, lock).catch(() => {})
      }
    },
  }
}

/** The time for which a lock is held; it ends by itself when the database cannot be asked. */
function openLease(db: Queryable, lock: Lock, takenAt: number) {
  const ending = new AbortController()
  const lose = () => ending.abort(new LockLost(`the lock on ${lock.key} has been lost`))
  const endAt = (askedAt: number) => setTimeout(lose, Math.max(0, askedAt + lock.leaseMs - performance.now()))
  let timer = endAt(takenAt)
  return {
    signal: ending.signal,
    async extend(): Promise<void> {
      const askedAt = performance.now()
      if (!(await extend(db, lock))) lose()
      ending.signal.throwIfAborted()
      clearTimeout(timer)
      timer = endAt(askedAt)
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  }
}

type Lock = { key: string; holder: string; leaseMs: number }

const leaseEnd = (leaseMs: number) => sql`clock_timestamp() + ${leaseMs}::float8 * interval '1 ms'`

/** Whether the lock was free. Rows that a dead process left a day ago are dropped: nobody may ask for them again. */
async function take(db: Queryable, { key, holder, leaseMs }: Lock): Promise<boolean> {
  const count = await db.run(sql`
    with old as (
      delete from endpoint_lock where lease_until < clock_timestamp() - interval '1 day' and key <> ${key})
    insert into endpoint_lock as kept (key, holder, lease_until) values (${key}, ${holder}::uuid, ${leaseEnd(leaseMs)})
    on conflict (key) do update set holder = excluded.holder, lease_until = excluded.lease_until
    where kept.lease_until <= clock_timestamp()`)
  return count === 1
}

async function extend(db: Queryable, { key, holder, leaseMs }: Lock): Promise<boolean> {
  const count = await db.run(sql`
    update endpoint_lock set lease_until = ${leaseEnd(leaseMs)}
    where key = ${key} and holder = ${holder}::uuid and lease_until > clock_timestamp()`)
  return count === 1
}

async function release(db: Queryable, { key, holder }: Lock): Promise<void> {
  await db.run(sql`delete from endpoint_lock where key = ${key} and holder = ${holder}::uuid`)
}
