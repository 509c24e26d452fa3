import assert from 'node:assert/strict'
import { sql, type Sql } from '../platform/db/sql.ts'
import type { Db, Queryable } from '../platform/db/db.ts'
import { eventually } from './http.ts'

type Rival = AsyncDisposable & { run(statement: Sql): Promise<void>; commit(): Promise<void> }

/** Another transaction, which keeps its locks and changes until the test commits it. */
export async function openRival(db: Pick<Db, 'connect'>, first: Sql): Promise<Rival> {
  const client = await db.connect()
  await client.query('begin')
  const run = async (statement: Sql) => void (await client.query(statement))
  await run(first)
  return { run, commit: async () => void (await client.query('commit')), [Symbol.asyncDispose]: () => client.end() }
}

/** Resolves once `count` statements in this database wait for a lock of another transaction. */
export async function untilWaiting(db: Queryable, count = 1): Promise<void> {
  await eventually(async () => {
    const row = await db.row<{ waiting: number }>(sql`
      select count(*) as waiting from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`)
    assert.equal(row!.waiting, count)
  })
}
