import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { eventually } from '../../testing/http.ts'
import { openTestDatabase } from '../../testing/postgres.ts'
import { emit } from '../events/emit.ts'
import { DatabaseUnavailable, isReferenceViolation, isUniqueViolation, openDb, type Db, type DbOptions } from './db.ts'
import { sql } from './sql.ts'

async function prepareShelf(url: string): Promise<void> {
  const client = new Client(url)
  await client.connect()
  await client.query(`create table shelf (id int primary key, count int not null default 0);
    create table book (id int primary key, shelf_id int references shelf);
    create table outbox (
      id bigint generated always as identity primary key,
      topic text not null, payload jsonb not null, address text, request_id text);
    insert into shelf values (1), (2)`)
  await client.end()
}

async function openShelf(options: Partial<DbOptions> = {}): Promise<{ db: Db; url: string } & AsyncDisposable> {
  const database = await openTestDatabase(prepareShelf)
  const db = openDb({
    url: database.url,
    poolSize: 4,
    acquireTimeoutMs: 1000,
    statementTimeoutMs: 5000,
    lockTimeoutMs: 5000,
    ...options,
  })
  return {
    db,
    url: database.url,
    async [Symbol.asyncDispose]() {
      await db.close()
      await database[Symbol.asyncDispose]()
    },
  }
}

const countOf = async (db: Db, id: number) =>
  (await db.row<{ count: number }>(sql`select count from shelf where id = ${id}`))!.count

test('a transaction keeps all of its work or none', async () => {
  await using shelf = await openShelf()
  const { db } = shelf
  await db.transaction((tx) => tx.run(sql`update shelf set count = 5 where id = 1`))
  await assert.rejects(
    db.transaction(async (tx) => {
      await tx.run(sql`update shelf set count = 9 where id = 1`)
      throw new Error('changed my mind')
    }),
    /changed my mind/,
  )
  assert.equal(await countOf(db, 1), 5)
})

test('a transaction that ignored a failed statement does not commit, and rejects', async () => {
  await using shelf = await openShelf()
  const { db } = shelf
  const swallowing = db.transaction(async (tx) => {
    await tx.run(sql`update shelf set count = 7 where id = 1`)
    await tx.run(sql`insert into shelf values (1)`).catch(() => {})
  })
  await assert.rejects(swallowing, /rolled back/)
  assert.equal(await countOf(db, 1), 0)
})

test('when PostgreSQL takes no more connections, statements and transactions wait for a free one', async () => {
  await using shelf = await openShelf()
  await using opened = new AsyncDisposableStack()
  await shelf.db.run(sql`create role frugal login password 'frugal' connection limit 2`)
  opened.defer(async () => {
    await shelf.db.run(sql`drop owned by frugal`)
    await shelf.db.run(sql`drop role frugal`)
  })
  await shelf.db.run(sql`grant select, update on shelf to frugal`)
  const url = new URL(shelf.url)
  url.username = url.password = 'frugal'
  const open = (acquireTimeoutMs: number) =>
    opened.adopt(
      openDb({ url: url.href, poolSize: 8, acquireTimeoutMs, statementTimeoutMs: 5000, lockTimeoutMs: 5000 }),
      (db) => db.close(),
    )
  const db = open(5000)
  const asked = Array.from({ length: 20 }, (_, index) =>
    index % 2 === 0
      ? db.run(sql`select pg_sleep(0.02)`)
      : db.transaction((tx) => tx.run(sql`update shelf set count = count + 1 where id = 1`)),
  )
  assert.equal((await Promise.all(asked)).length, 20)
  assert.equal(await countOf(db, 1), 10)
  assert.equal(db.counts().total, 2)
  // A pool without any connection waits for its whole time, and its error says why.
  const late = open(300)
  await assert.rejects(
    late.row(sql`select 1`),
    (error: Error) => error instanceof DatabaseUnavailable && /too many connections/.test(error.message),
  )
  await shelf.db.run(sql`alter role frugal connection limit 3`)
  assert.equal(await late.run(sql`select 1`), 1)
})

test('a connection that the user of a lent pool holds is not waited for when PostgreSQL takes no more', async () => {
  await using shelf = await openShelf()
  await using opened = new AsyncDisposableStack()
  await shelf.db.run(sql`create role sparing login password 'sparing' connection limit 1`)
  opened.defer(() => shelf.db.run(sql`drop role sparing`).then(() => {}))
  const url = new URL(shelf.url)
  url.username = url.password = 'sparing'
  const limits = { acquireTimeoutMs: 9000, statementTimeoutMs: 5000, lockTimeoutMs: 5000 }
  const db = opened.adopt(openDb({ url: url.href, poolSize: 8, ...limits }), (one) => one.close())
  const { pool, giveBack } = db.lendPool(1)
  const held = await pool.connect()
  opened.defer(() => held.release())
  const asked = db.relaxed.run(sql`select 1`)
  // The pool makes do with less once it was refused.
  await eventually(() => assert.equal(pool.options.max, 2))
  await shelf.db.run(sql`alter role sparing connection limit 3`)
  assert.equal(await asked, 1)
  giveBack()
})

test('after a deadlock the transaction is retried until both have committed', async () => {
  await using shelf = await openShelf()
  const { db } = shelf
  let tries = 0
  let holding = 0
  const bothHold = Promise.withResolvers<void>()
  const swap = (first: number, second: number) =>
    db.transaction(async (tx) => {
      tries++
      await tx.run(sql`update shelf set count = count + 1 where id = ${first}`)
      // Each holds its row before either asks for the other's.
      if (++holding === 2) bothHold.resolve()
      await bothHold.promise
      await tx.run(sql`update shelf set count = count + 1 where id = ${second}`)
    })
  await Promise.all([swap(1, 2), swap(2, 1)])
  assert.ok(tries > 2)
  assert.deepEqual([await countOf(db, 1), await countOf(db, 2)], [2, 2])
})

test('a conflict that does not end is given up after five tries', async () => {
  await using shelf = await openShelf()
  let tries = 0
  await assert.rejects(
    shelf.db.transaction(async (tx) => {
      tries++
      await tx.run(sql`do $$ begin raise exception 'again' using errcode = '40001'; end $$`)
    }),
    /again/,
  )
  assert.equal(tries, 5)
})

test('other errors of the database are not retried, and can be told apart', async () => {
  await using shelf = await openShelf()
  let tries = 0
  const insert = (statement: ReturnType<typeof sql>) => shelf.db.transaction((tx) => (tries++, tx.run(statement)))
  await assert.rejects(
    insert(sql`insert into shelf values (1)`),
    (error) =>
      isUniqueViolation(error) &&
      isUniqueViolation(error, 'shelf_pkey') &&
      !isUniqueViolation(error, 'other') &&
      !isReferenceViolation(error),
  )
  await assert.rejects(
    insert(sql`insert into book values (1, 99)`),
    (error) => isReferenceViolation(error) && !isUniqueViolation(error),
  )
  assert.equal(tries, 2)
})

test('only the commit of a transaction that changes cached facts happens inside the guard', async () => {
  const seen: string[] = []
  await using shelf = await openShelf({
    guard: {
      async around(subjects, tx, commit) {
        const inside = await tx.row<{ count: number }>(sql`select count from shelf where id = 1`)
        seen.push(`before ${[...subjects].join()} ${inside!.count} ${await countOf(shelf.db, 1)}`)
        const result = await commit()
        seen.push(`after ${await countOf(shelf.db, 1)}`)
        return result
      },
    },
  })
  await shelf.db.transaction(async (tx) => {
    tx.changes('a', 'b')
    tx.changes('a')
    await tx.run(sql`update shelf set count = 1 where id = 1`)
  })
  await shelf.db.transaction((tx) => tx.run(sql`update shelf set count = 2 where id = 1`))
  await assert.rejects(shelf.db.transaction(async (tx) => (tx.changes('c'), Promise.reject(new Error('no')))))
  assert.deepEqual(seen, ['before a,b 1 0', 'after 1'])
})

test('facts are in the outbox, in their order, exactly when their transaction commits', async () => {
  await using shelf = await openShelf()
  const fact = (topic: string) => ({ topic, payload: { text: 'ü "\' \\ %', list: [1, null] } })
  await shelf.db.transaction((tx) => emit(tx, [fact('b.first'), fact('a.second')]))
  await assert.rejects(
    shelf.db.transaction(async (tx) => (await emit(tx, [fact('c.never')]), Promise.reject(new Error('no')))),
  )
  await shelf.db.transaction((tx) => emit(tx, []))
  const rows = await shelf.db.rows<{ topic: string; payload: unknown }>(
    sql`select topic, payload from outbox order by id`,
  )
  assert.deepEqual(rows, [fact('b.first'), fact('a.second')])
})

test('values never become SQL text, and composed statements number them anew', async () => {
  await using shelf = await openShelf()
  const evil = `1'; drop table shelf; --`
  assert.deepEqual(await shelf.db.row(sql`select ${evil} as text`), { text: evil })
  const part = sql`id = ${1} or id = ${2}`
  assert.equal(
    (await shelf.db.rows(sql`select id from shelf where ${true} and (${part}) and count < ${10} and (${part})`)).length,
    2,
  )
})

test('F20: with every connection in use a request is refused after its wait, and a later one is served', async () => {
  await using shelf = await openShelf({ poolSize: 2, acquireTimeoutMs: 200 })
  const { db } = shelf
  let release = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  const holders = [1, 2].map((id) =>
    db.transaction(async (tx) => (await tx.run(sql`update shelf set count = 1 where id = ${id}`), held)),
  )
  await sleep(50)
  // It does not wait until the others, which still hold the connections, end.
  await assert.rejects(db.row(sql`select 1`), DatabaseUnavailable)
  release()
  await Promise.all(holders)
  assert.equal(await countOf(db, 1), 1)
})

test('F22: a statement that waits for a lock or runs for too long ends as DatabaseUnavailable', async () => {
  await using shelf = await openShelf({ lockTimeoutMs: 100, statementTimeoutMs: 300 })
  const { db } = shelf
  await assert.rejects(db.row(sql`select pg_sleep(5)`), DatabaseUnavailable)
  await db.transaction(async (tx) => {
    await tx.run(sql`update shelf set count = 1 where id = 1`)
    await assert.rejects(db.run(sql`update shelf set count = 2 where id = 1`), DatabaseUnavailable)
  })
  assert.equal(await countOf(db, 1), 1)
})

test('after the server ends a connection, one statement fails, and the next has a new connection', async () => {
  await using shelf = await openShelf()
  const { db } = shelf
  await assert.rejects(
    db.transaction(async (tx) => {
      const { pid } = (await tx.row<{ pid: number }>(sql`select pg_backend_pid() as pid`))!
      await db.run(sql`select pg_terminate_backend(${pid})`)
      await tx.run(sql`update shelf set count = 1 where id = 1`)
    }),
    DatabaseUnavailable,
  )
  assert.equal(await countOf(db, 1), 0)
})

test('sizes and counts are numbers', async () => {
  await using shelf = await openShelf()
  assert.deepEqual(await shelf.db.row(sql`select 9007199254740991::bigint as big, count(*) as count from shelf`), {
    big: 9007199254740991,
    count: 2,
  })
})
