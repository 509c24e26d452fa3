import type { Db } from '../../db/db.ts'
import { sql } from '../../db/sql.ts'
import type { Cache } from '../cache.ts'
import type { Block } from './messages.ts'

type Held = { releases: (() => void)[]; until: number; xid: string | null }

/** The changes of other processes whose keys this one has blocked. */
export class Blocks {
  readonly #db: Db
  readonly #cache: Cache
  readonly #limitMs: number
  readonly #held = new Map<string, Held>()

  /** `limitMs`: the age from which a block that was not released is lifted, once its transaction has ended. */
  constructor(db: Db, cache: Cache, limitMs: number) {
    this.#db = db
    this.#cache = cache
    this.#limitMs = limitMs
  }

  /** Blocks more keys of a change. */
  add({ change, keys, xid }: Block): void {
    const held = this.#held.get(change) ?? { releases: [], until: performance.now() + this.#limitMs, xid: xid ?? null }
    this.#held.set(change, held)
    held.releases.push(this.#cache.block(keys))
  }

  release(change: string): void {
    for (const open of this.#held.get(change)?.releases ?? []) open()
    this.#held.delete(change)
  }

  releaseAll(): void {
    for (const change of this.#held.keys()) this.release(change)
  }

  /** Lifts old blocks whose release was lost. One whose transaction has not ended stays, as it may still commit. */
  async liftOld(): Promise<void> {
    const old = [...this.#held].filter(([, { until }]) => performance.now() > until)
    if (old.length === 0) return
    const ended = await listEnded(
      this.#db,
      old.flatMap(([, { xid }]) => xid ?? []),
    )
    for (const [change, { xid }] of old) if (xid === null || ended.has(xid)) this.release(change)
  }
}

/** Those of the transactions that have ended, by a commit or a rollback. */
export async function listEnded(db: Db, xids: string[]): Promise<Set<string>> {
  const rows = await db.rows<{ xid: string }>(sql`
    select xid from unnest(${xids}::text[]) as xid where pg_visible_in_snapshot(xid::xid8, pg_current_snapshot())`)
  return new Set(rows.map(({ xid }) => xid))
}
