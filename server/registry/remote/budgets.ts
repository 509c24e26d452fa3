import { setTimeout as sleep } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import type { Budget } from './budget.ts'
import { readLimit } from './rate-limit.ts'
import type { Endpoint } from './types.ts'

/** The most endpoints whose state a process keeps; of others it asks the database. */
const mostBudgets = 1000

/** How long what was read of an endpoint without a limit counts, in ms. */
const freshMs = 1000

/** The least and most time between two calls of an endpoint with a limit, in ms. */
const spacing = { leastMs: 100, mostMs: 30_000 }

/** The least pause after a 429 that names none, in ms. */
const pauseMs = 1000

/** Answers in a row that halve the spacing. */
const goodAnswers = 10

/** Budgets of all endpoints in this process. Endpoints of one id share one, others those of their origin. */
type Budgets = { of(endpoint: Pick<Endpoint, 'id' | 'url'>): Budget }

/**
 * Opens the budgets that all processes share in PostgreSQL. An endpoint that asked for no pause costs one read of a row
 * a second; calls of one with a limit claim their time in its row, so that all processes together keep to it.
 */
export function openBudgets(db: Queryable): Budgets {
  const budgets = new LRUCache<string, Budget>({ max: mostBudgets })
  return {
    of({ id, url }) {
      const key = id === undefined ? `url:${URL.canParse(url) ? new URL(url).origin : url}` : `endpoint:${id}`
      const found = budgets.get(key) ?? openBudget(db, key)
      budgets.set(key, found)
      return found
    },
  }
}

function openBudget(db: Queryable, key: string): Budget {
  let [isLimited, readAt, good] = [false, -Infinity, 0]
  let reading: Promise<void> | undefined
  const refresh = async () => {
    isLimited = (await readRow(db, key)) !== undefined
    readAt = performance.now()
  }
  return {
    async enter(patienceMs, signal) {
      if (!isLimited && performance.now() - readAt > freshMs) {
        await (reading ??= refresh().finally(() => (reading = undefined)))
      }
      const until = performance.now() + patienceMs
      while (isLimited) {
        signal?.throwIfAborted()
        const claimed = await claim(db, key, Math.max(0, until - performance.now()))
        if (claimed === undefined) isLimited = false
        else if (!claimed.isOurs) return { ok: false, waitMs: claimed.waitMs }
        else if (claimed.waitMs > 0) {
          await sleep(claimed.waitMs, undefined, signal ? { signal } : {})
          // Another call may have been told of a longer pause meanwhile.
          if (((await readRow(db, key))?.pausedMs ?? 0) <= 0) break
        } else break
      }
      return { ok: true }
    },
    async note({ status, headers }) {
      const limit = readLimit(status, headers)
      if (limit.isRefusal || limit.pauseMs !== undefined) {
        await slowDown(db, key, limit)
        ;[isLimited, good] = [true, 0]
      } else if (isLimited && status < 400 && ++good >= goodAnswers) {
        good = 0
        isLimited = await speedUp(db, key)
      }
      return limit.isRefusal
    },
  }
}

/** ms until the pause is over; undefined for an endpoint without a limit. */
function readRow(db: Queryable, key: string): Promise<{ pausedMs: number } | undefined> {
  return db.row(sql`
    select (extract(epoch from paused_until - now()) * 1000)::float8 as "pausedMs"
    from endpoint_budget where key = ${key}`)
}

/**
 * Claims the next call's time, if it comes within `patienceMs`; else says how far it is. Undefined for an endpoint
 * without a limit.
 */
async function claim(
  db: Queryable,
  key: string,
  patienceMs: number,
): Promise<{ isOurs: boolean; waitMs: number } | undefined> {
  const ours = await db.row<{ waitMs: number }>(sql`
    update endpoint_budget
    set next_at = greatest(next_at, paused_until, now()) + spacing_ms * interval '1 ms'
    where key = ${key} and greatest(next_at, paused_until, now()) <= now() + ${patienceMs}::float8 * interval '1 ms'
    returning (extract(epoch from next_at - now()) * 1000 - spacing_ms)::float8 as "waitMs"`)
  if (ours) return { isOurs: true, ...ours }
  const row = await db.row<{ waitMs: number }>(sql`
    select (extract(epoch from greatest(next_at, paused_until) - now()) * 1000)::float8 as "waitMs"
    from endpoint_budget where key = ${key}`)
  return row && { isOurs: false, waitMs: Math.max(0, row.waitMs) }
}

/**
 * Pauses the endpoint. After a refusal its calls get twice as far apart; refusals of calls that were under way together
 * count once. Rows that nobody changed for a day are dropped: their endpoint may be gone.
 */
async function slowDown(
  db: Queryable,
  key: string,
  limit: { isRefusal: boolean; pauseMs: number | undefined },
): Promise<void> {
  const least = limit.isRefusal ? spacing.leastMs : 0
  const factor = limit.isRefusal ? 2 : 1
  const told = limit.pauseMs ?? pauseMs
  await db.run(sql`
    with old as (delete from endpoint_budget where changed_at < now() - interval '1 day' and key <> ${key})
    insert into endpoint_budget as kept (key, spacing_ms, paused_until, next_at)
    values (
      ${key}, ${least}::int, now() + ${told}::float8 * interval '1 ms', now() + ${told}::float8 * interval '1 ms')
    on conflict (key) do update set
      spacing_ms = case when kept.paused_until > now() then greatest(kept.spacing_ms, ${least}::int)
        else least(greatest(kept.spacing_ms * ${factor}::int, ${least}::int), ${spacing.mostMs}::int) end,
      paused_until = greatest(kept.paused_until, excluded.paused_until),
      changed_at = now()`)
}

/** Halves the spacing; below the least the endpoint has no limit any more. Returns whether it still has one. */
async function speedUp(db: Queryable, key: string): Promise<boolean> {
  const gone = await db.run(sql`
    delete from endpoint_budget where key = ${key} and paused_until <= now() and spacing_ms <= ${spacing.leastMs}::int`)
  if (gone > 0) return false
  const left = await db.run(sql`
    update endpoint_budget set spacing_ms = spacing_ms / 2, changed_at = now()
    where key = ${key} and paused_until <= now()`)
  return left > 0 || (await readRow(db, key)) !== undefined
}
