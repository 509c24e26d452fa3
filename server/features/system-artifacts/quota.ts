import type { Db, Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import { sumSizes } from './store.ts'

/** Bytes of all, and of each vendor; 0 is no limit. */
export type Limits = { all: number; vendor: number }

/** Two artifacts that are made at once must not both find the last room. The number is 'sysa' in ASCII. */
export async function lockQuota(tx: Tx, limits: Limits): Promise<void> {
  if (limits.all > 0 || limits.vendor > 0) await tx.run(sql`select pg_advisory_xact_lock(1937337185)`)
}

/** In bytes; Infinity without a limit. */
export async function roomLeft(from: Db | Tx, limits: Limits, vendor: string): Promise<number> {
  const all = limits.all > 0 ? limits.all - (await sumSizes(from)) : Infinity
  return Math.min(all, limits.vendor > 0 ? limits.vendor - (await sumSizes(from, vendor)) : Infinity)
}

export const noRoom = (vendor: string) =>
  new Failure('DENIED', `there is no room left for system artifacts of ${vendor}`)
