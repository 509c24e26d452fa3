import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../../../testing/http.ts'
import { openTestDatabase } from '../../../testing/postgres.ts'
import { openTcpProxy } from '../../../testing/tcp-proxy.ts'
import type { CommitGuard } from '../../db/db.ts'
import { sql } from '../../db/sql.ts'
import { countLiesOfReads, factKey, isCaught, openProcess, prepare, type Process } from '../processes.suite.ts'

/** The fact that the process would serve from memory now. */
const served = ({ cache, peers }: Process) => (peers.isTrusted() ? cache.look(factKey('a'))?.value : undefined)

/**
 * The time, in ms, after which something counts as hanging: leases are 2 s, a busy machine may need several times that.
 */
const hangMs = 60_000

test('an acknowledged write is seen by the next read on every process, and no read goes back in time', async () => {
  await using database = await openTestDatabase(prepare)
  await using one = await openProcess(database.url)
  await using two = await openProcess(database.url)
  const { lies, reads } = await countLiesOfReads([one, two], 1000)
  assert.equal(lies, 0)
  assert.ok(reads > 1000, `only ${reads} reads`)
})

test('the same check catches a guard that tells nobody, and one that forgets only after the commit', async () => {
  await using database = await openTestDatabase(prepare)
  const silent = (): CommitGuard => ({ around: (_keys, _tx, commit) => commit() })
  await using one = await openProcess(database.url, { guardOf: silent })
  await using two = await openProcess(database.url, { guardOf: silent })
  assert.ok(await isCaught([one, two]))

  await using late = await openTestDatabase(prepare)
  const processes: Process[] = []
  const afterwards = (): CommitGuard => ({
    async around(keys, _tx, commit) {
      const result = await commit()
      for (const { cache } of processes) {
        await sleep(1)
        cache.block(keys)()
      }
      return result
    },
  })
  await using three = await openProcess(late.url, { guardOf: afterwards })
  await using four = await openProcess(late.url, { guardOf: afterwards })
  processes.push(three, four)
  assert.ok(await isCaught([three, four]))
})

test('S1-21, S1-22: a failed change leaves the caches as they are; a committed one removes the fact', async () => {
  await using database = await openTestDatabase(prepare)
  await using one = await openProcess(database.url)
  await using two = await openProcess(database.url)
  await one.write('a')
  // The other process is told of the release a moment after the write was acknowledged; until then it keeps nothing.
  for (const process of [one, two]) while (!served(process)) assert.equal(await process.read('a'), 1)
  const failing = one.db.transaction(async (tx) => {
    tx.changes(factKey('a'))
    await tx.run(sql`update fact set value = 100 where key = 'a'`)
    throw new Error('given up')
  })
  await assert.rejects(failing, /given up/)
  const loads = () => [one, two].map(({ cache }) => cache.counts()[0]!.counts.load)
  const before = loads()
  for (const process of [one, two]) assert.equal(await process.read('a'), 1)
  assert.deepEqual(loads(), before, 'memory still answered')
  await one.write('a')
  assert.deepEqual([one, two].map(served), [undefined, undefined])
})

test('a new fact is seen by the next read on every process, although its writer names no key', async () => {
  await using database = await openTestDatabase(prepare)
  await using one = await openProcess(database.url)
  await using two = await openProcess(database.url)
  for (let round = 0; round < 100; round++) {
    const name = `new-${round}`
    const over = new AbortController()
    const asking = Array.from({ length: 3 }, async () => {
      while (!over.signal.aborted) await two.read(name)
    })
    await one.db.transaction((tx) => tx.run(sql`insert into fact (key, value) values (${name}, 1)`))
    const [single, several] = [two.read(name), two.readAll([name])]
    over.abort()
    assert.deepEqual([await single, (await several).get(name)], [1, 1])
    await Promise.all(asking)
  }
})

test('S1-27: a change that is not committed is in no cache', async () => {
  await using database = await openTestDatabase(prepare)
  await using one = await openProcess(database.url)
  await one.write('a')
  const rolledBack = one.db.transaction(async (tx) => {
    tx.changes(factKey('a'))
    await tx.run(sql`update fact set value = 100 where key = 'a'`)
    // Read by another caller meanwhile, and by the transaction itself.
    assert.equal(await one.read('a'), 1)
    throw new Error('given up')
  })
  await assert.rejects(rolledBack, /given up/)
  assert.deepEqual(served(one), { value: 1 })
})

test('processes answer the questions of others; one that does not answer within 2 s is left out', async () => {
  await using database = await openTestDatabase(prepare)
  await using one = await openProcess(database.url)
  await using two = await openProcess(database.url)
  assert.deepEqual(await one.peers.ask({ about: 'anything' }), [null, null])
  // A row whose process does not answer.
  await two.db.run(
    sql`insert into replica (id, lease_until) values (gen_random_uuid(), clock_timestamp() + interval '1 hour')`,
  )
  assert.equal((await one.peers.ask({ about: 'anything' })).length, 2)
})

test('a process whose connection broke serves nothing from memory until it has joined again', async () => {
  await using database = await openTestDatabase(prepare)
  await using one = await openProcess(database.url)
  await using two = await openProcess(database.url)
  await one.write('a')
  assert.equal(await two.read('a'), 1)
  await one.db.run(
    sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where query like 'listen %' and datname = current_database()`,
  )
  await one.write('a').catch(() => one.write('a'))
  assert.ok((await two.read('a')) >= 2)
  await eventually(() => assert.ok(two.peers.isTrusted(), 'it takes part again'))
})

test('a process that hangs holds up a write until its lease is over, and then serves nothing from memory', async () => {
  await using database = await openTestDatabase(prepare)
  await using one = await openProcess(database.url, { leaseMs: 2000 })
  const two = await openProcess(database.url, { leaseMs: 2000 })
  await one.write('a')
  assert.equal(await two.read('a'), 1)
  // The row stays, but is not renewed, and no process answers for it: so a stopped process looks from outside.
  await two.peers[Symbol.asyncDispose]()
  await one.db.run(
    sql`insert into replica (id, lease_until) values (gen_random_uuid(), clock_timestamp() + interval '1.5 seconds')`,
  )
  const started = performance.now()
  assert.equal(await one.write('a'), 2)
  assert.ok(performance.now() - started > 1000)
  assert.equal(two.peers.isTrusted(), false)
  assert.equal(await two.read('a'), 2)
  await two.db.close()
})

test('more keys than fit into one notification are all forgotten', async () => {
  await using database = await openTestDatabase(prepare)
  await using one = await openProcess(database.url)
  await using two = await openProcess(database.url)
  const keys = Array.from({ length: 300 }, (_, index) => `${'k'.repeat(90)}${index}`)
  const write = () =>
    one.db.transaction(async (tx) => {
      tx.changes(...keys.map(factKey))
      await tx.run(sql`
        insert into fact (key, value) select key, 1 from unnest(${keys}::text[]) as key
        on conflict (key) do update set value = fact.value + 1`)
    })
  await write()
  for (const key of keys) assert.equal(await two.read(key), 1)
  await write()
  assert.deepEqual(
    await Promise.all(keys.map((key) => two.read(key))),
    keys.map(() => 2),
  )
})

/** A proxy to the database, whose connections a test can cut or silence. */
async function openDatabaseProxy(url: string) {
  const { username, password, pathname, port, searchParams } = new URL(url)
  const proxy = await openTcpProxy({ path: `${searchParams.get('host')}/.s.PGSQL.${port || 5432}` })
  return Object.assign(proxy, { url: `postgres://${username}:${password}@127.0.0.1:${proxy.port}${pathname}` })
}

/** Makes every commit that changes a fact wait until the returned function is called. */
async function holdCommits({ db }: Process): Promise<() => Promise<void>> {
  const client = await db.connect()
  await client.query(`
    create or replace function wait() returns trigger language plpgsql as
      $$ begin perform pg_advisory_xact_lock(7); return null; end $$;
    create constraint trigger wait after update on fact
      deferrable initially deferred for each row execute function wait();
    select pg_advisory_lock(7)`)
  return () => client.end()
}

const committing = async ({ db }: Process) => {
  while (
    !(await db.row(
      sql`
        select pid from pg_stat_activity
        where datname = current_database() and query = 'COMMIT' and wait_event_type = 'Lock'`,
    ))
  )
    await sleep(10)
}

const readsOf = async (process: Process, name: string, ms: number) => {
  const seen = new Set<number>()
  for (const end = performance.now() + ms; performance.now() < end; await sleep(5)) seen.add(await process.read(name))
  return [...seen]
}

test('a block that was not released stays until the transaction has ended, however long its commit takes', async () => {
  await using database = await openTestDatabase(prepare)
  await using one = await openProcess(database.url)
  await using two = await openProcess(database.url, { blockLimitMs: 50 })
  await one.write('a')
  assert.equal(await two.read('a'), 1)
  const letGo = await holdCommits(one)
  const written = one.write('a')
  await committing(one)
  assert.deepEqual(await readsOf(two, 'a', 2500), [1])
  await letGo()
  assert.equal(await written, 2)
  assert.equal(await two.read('a'), 2)
})

test('a commit whose connection breaks, but which takes place after all, is seen by every process', async () => {
  await using database = await openTestDatabase(prepare)
  await using proxy = await openDatabaseProxy(database.url)
  await using one = await openProcess(proxy.url)
  await using two = await openProcess(database.url)
  await one.write('a')
  assert.equal(await two.read('a'), 1)
  const letGo = await holdCommits(two)
  const written = one.write('a')
  await committing(two)
  proxy.isCut = true
  proxy.isCut = false
  await assert.rejects(written)
  while (!one.peers.isTrusted()) await sleep(10)
  assert.deepEqual([await readsOf(one, 'a', 300), await readsOf(two, 'a', 300)], [[1], [1]])
  await letGo()
  while ((await two.db.row<{ value: number }>(sql`select value from fact where key = 'a'`))!.value === 1) await sleep(5)
  assert.deepEqual([await one.read('a'), await two.read('a')], [2, 2])
  const isKept = () => [one, two].every(served)
  await eventually(async () => {
    await Promise.all([one.read('a'), two.read('a')])
    assert.ok(isKept(), 'memory serves it again')
  })
})

test('a process whose connection goes silent holds up writes for its lease at most, then joins again', async () => {
  await using database = await openTestDatabase(prepare)
  await using proxy = await openDatabaseProxy(database.url)
  await using one = await openProcess(database.url, { leaseMs: 2000 })
  // The first connection is the one that listens.
  await using two = await openProcess(proxy.url, { leaseMs: 2000 })
  await one.write('a')
  assert.equal(await two.read('a'), 1)
  proxy.silence(1)
  const started = performance.now()
  assert.equal(await one.write('a'), 2)
  assert.ok(performance.now() - started < hangMs, `the write took ${performance.now() - started} ms`)
  assert.equal(await two.read('a'), 2)
  const isKept = () => served(two) !== undefined
  await eventually(async () => assert.ok((await two.read('a')) > 0 && isKept(), 'it takes part again'))
  assert.equal(await one.write('a'), 3)
  assert.equal(await two.read('a'), 3)
})

test('a write whose answers cannot arrive, as its connection went silent, fails within the lease', async () => {
  await using database = await openTestDatabase(prepare)
  await using proxy = await openDatabaseProxy(database.url)
  await using one = await openProcess(proxy.url, { leaseMs: 2000 })
  await using two = await openProcess(database.url, { leaseMs: 2000 })
  await one.write('a')
  proxy.silence(1)
  const started = performance.now()
  await assert.rejects(one.write('a'), /the connection to the other processes broke/)
  await one.write('a')
  assert.ok(performance.now() - started < hangMs, `it took ${performance.now() - started} ms`)
  assert.equal(await two.read('a'), 2)
})

test('when the clock of the database is set forward, a process that serves from memory is still told', async () => {
  await using database = await openTestDatabase(prepare)
  await using one = await openProcess(database.url)
  await using two = await openProcess(database.url)
  for (let round = 1; round <= 3; round++) {
    const before = await one.write('a')
    while (!served(two)) await two.read('a')
    // So leases look to a clock that was set forward.
    await one.db.run(sql`update replica set lease_until = lease_until - interval '20 seconds'`)
    assert.equal(await one.write('a'), before + 1)
    assert.equal(await two.read('a'), before + 1)
    while (!two.peers.isTrusted() || !one.peers.isTrusted()) await sleep(5)
  }
})

test('when the clock of the database is set back, a dead process holds up a write for its lease at most', async () => {
  await using database = await openTestDatabase(prepare)
  await using one = await openProcess(database.url, { leaseMs: 2000 })
  await one.db.run(
    sql`insert into replica (id, lease_until) values (gen_random_uuid(), clock_timestamp() + interval '1 hour')`,
  )
  const started = performance.now()
  assert.equal(await one.write('a'), 1)
  assert.ok(performance.now() - started < hangMs)
  await one.write('a')
  assert.equal((await one.db.rows(sql`select id from replica`)).length, 1)
})

test('a machine that slept serves nothing from memory until it has renewed its lease', async () => {
  await using database = await openTestDatabase(prepare)
  await using one = await openProcess(database.url)
  await one.write('a')
  mock.timers.enable({ apis: ['Date'], now: Date.now() })
  try {
    while (!one.peers.isTrusted()) await sleep(5)
    mock.timers.setTime(Date.now() + 10_000)
    assert.equal(one.peers.isTrusted(), false)
    while (!one.peers.isTrusted()) await sleep(5)
    mock.timers.setTime(Date.now() - 20_000)
    assert.ok(one.peers.isTrusted(), 'a clock set back lengthens nothing and ends nothing')
  } finally {
    mock.timers.reset()
  }
})
