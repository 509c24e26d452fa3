import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { openTestDatabase } from '../../testing/postgres.ts'
import { openDb, type CommitGuard, type Db } from '../db/db.ts'
import { migrate } from '../db/migrate.ts'
import { sql } from '../db/sql.ts'
import { openCache, type Cache } from './cache.ts'
import { openPeers, type Peers } from './peers.ts'

/** One process as far as caches go: pools, a cache and a seat among the peers of its own. */
type Process = { db: Db; cache: Cache; peers: Peers; read(key: string): Promise<number>; write(key: string): Promise<number> } & AsyncDisposable

const migrations = join(import.meta.dirname, '../../migrations')

async function prepare(url: string) {
  const client = new Client(url)
  await client.connect()
  await migrate(client, migrations)
  await client.query('create table fact (key text primary key, value integer not null)')
  await client.end()
}

async function openProcess(url: string, { leaseMs = 5000, guardOf = (peers: Peers): CommitGuard => peers } = {}): Promise<Process> {
  const peers = openPeers({ leaseMs })
  const cache = openCache({ limit: 2 ** 20, isTrusted: () => peers.isTrusted() })
  const db = openDb({ url, poolSize: 8, acquireTimeoutMs: 5000, statementTimeoutMs: 20_000, lockTimeoutMs: 20_000, guard: guardOf(peers) })
  await peers.join(db, cache)
  while (!peers.isTrusted()) await sleep(5)
  return {
    db, cache, peers,
    async read(key) {
      const load = async () => {
        const row = await db.row<{ value: number }>(sql`select value from fact where key = ${key}`)
        // A slow reader is where stale values come from.
        await sleep(Math.random() * 4)
        return row
      }
      return (await cache.get(key, load))?.value ?? 0
    },
    write: (key) =>
      db.transaction(async (tx) => {
        tx.changes(key)
        const row = await tx.row<{ value: number }>(sql`insert into fact (key, value) values (${key}, 1) on conflict (key) do update set value = fact.value + 1 returning value`)
        return row!.value
      }),
    async [Symbol.asyncDispose]() {
      await peers[Symbol.asyncDispose]()
      await db.close()
    },
  }
}

/**
 * Readers and writers on two processes over three keys, for a while. After a write is acknowledged, no read that begins
 * later, anywhere, may answer with an older value; nor may one process go back to an older value than anyone has read.
 * Returns how often that was broken, and how often memory answered (so that the test cannot pass for want of a cache).
 */
async function countLies(processes: Process[], ms: number): Promise<{ lies: number; reads: number }> {
  const end = performance.now() + ms
  const settled = new Map<string, number>()
  let lies = 0
  let reads = 0
  const raise = (key: string, value: number) => settled.set(key, Math.max(settled.get(key) ?? 0, value))
  const reader = async (process: Process, key: string) => {
    while (performance.now() < end) {
      const least = settled.get(key) ?? 0
      const value = await process.read(key)
      reads++
      if (value < least) lies++
      raise(key, value)
      if (reads % 7 === 0) await sleep(Math.random() * 3)
      else await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const writer = async (process: Process, key: string) => {
    while (performance.now() < end) {
      raise(key, await process.write(key))
      await sleep(Math.random() * 12)
    }
  }
  const keys = ['a', 'b', 'c']
  await Promise.all(processes.flatMap((process) => keys.flatMap((key) => [reader(process, key), reader(process, key), writer(process, key)])))
  return { lies, reads }
}

test('an acknowledged write is seen by the next read on every process, and no read goes back in time', async () => {
  await using database = await openTestDatabase(prepare)
  await using one = await openProcess(database.url)
  await using two = await openProcess(database.url)
  const { lies, reads } = await countLies([one, two], 2500)
  assert.equal(lies, 0)
  assert.ok(reads > 1000, `only ${reads} reads`)
})

test('the same check catches a guard that tells nobody, and one that forgets only after the commit', async () => {
  await using database = await openTestDatabase(prepare)
  const silent = (): CommitGuard => ({ around: (_keys, _tx, commit) => commit() })
  await using one = await openProcess(database.url, { guardOf: silent })
  await using two = await openProcess(database.url, { guardOf: silent })
  assert.ok((await countLies([one, two], 800)).lies > 0)

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
  assert.ok((await countLies([three, four], 2500)).lies > 0)
})

test('a process whose connection broke serves nothing from memory until it has begun anew', async () => {
  await using database = await openTestDatabase(prepare)
  await using one = await openProcess(database.url)
  await using two = await openProcess(database.url)
  await one.write('a')
  assert.equal(await two.read('a'), 1)
  await one.db.run(sql`select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %' and datname = current_database()`)
  await one.write('a').catch(() => one.write('a'))
  assert.ok((await two.read('a')) >= 2)
  const end = performance.now() + 5000
  while (!two.peers.isTrusted() && performance.now() < end) await sleep(10)
  assert.ok(two.peers.isTrusted(), 'it takes part again')
})

test('a process that hangs holds up a write until its lease is over, and then serves nothing from memory', async () => {
  await using database = await openTestDatabase(prepare)
  await using one = await openProcess(database.url, { leaseMs: 2000 })
  const two = await openProcess(database.url, { leaseMs: 2000 })
  await one.write('a')
  assert.equal(await two.read('a'), 1)
  // Its row stays, nobody renews it and nobody answers: what a stopped process looks like from outside.
  await two.peers[Symbol.asyncDispose]()
  await one.db.run(sql`insert into replica (id, lease_until) values (gen_random_uuid(), clock_timestamp() + interval '1.5 seconds')`)
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
      tx.changes(...keys)
      await tx.run(sql`insert into fact (key, value) select key, 1 from unnest(${keys}::text[]) as key on conflict (key) do update set value = fact.value + 1`)
    })
  await write()
  for (const key of keys) assert.equal(await two.read(key), 1)
  await write()
  assert.deepEqual(await Promise.all(keys.map((key) => two.read(key))), keys.map(() => 2))
})
