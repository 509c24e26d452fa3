import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { PoolClient } from 'pg'
import { openTestDatabase } from '../../testing/postgres.ts'
import { ModestPool } from './modest-pool.ts'

const database = await openTestDatabase(async () => {})
const pools: ModestPool[] = []
after(async () => {
  await Promise.all(pools.map((pool) => pool.end()))
  await database[Symbol.asyncDispose]()
})

function openPool(max: number, ways: { shrinkAfterMs?: number } = {}): ModestPool {
  const pool = new ModestPool({ connectionString: database.url, max, connectionTimeoutMillis: 60_000, ...ways })
  pools.push(pool)
  return pool
}

test('a connection that is given back at once goes to the caller that waits, and no other is opened', async () => {
  const pool = openPool(4)
  const first = await pool.connect()
  const waiting = [pool.connect(), pool.connect()]
  assert.equal(pool.totalCount, 1)
  first.release()
  const second = await waiting[0]!
  assert.equal(second, first)
  second.release()
  assert.equal(await waiting[1], first)
  assert.equal(pool.totalCount, 1)
  first.release()
})

test('callers that hold their connections get one each, up to the size of the pool, and in their order', async () => {
  const pool = openPool(3)
  const held = await Promise.all([pool.connect(), pool.connect(), pool.connect()])
  assert.equal(new Set(held).size, 3)
  const order: number[] = []
  const late = [0, 1, 2].map(async (place) => {
    const client: PoolClient = await pool.connect()
    order.push(place)
    return client
  })
  for (const client of held) client.release()
  assert.equal(new Set(await Promise.all(late)).size, 3)
  assert.deepEqual(order, [0, 1, 2])
  assert.equal(pool.totalCount, 3)
  for (const client of held) client.release()
})

test('a pool that nobody waits for closes what it has too many of, one by one, and keeps the last', async () => {
  const pool = openPool(3, { shrinkAfterMs: 0 })
  const held = await Promise.all([pool.connect(), pool.connect(), pool.connect()])
  // The first has no idle one beside it, the others have.
  held[0].release()
  assert.equal(pool.totalCount, 3)
  held[1].release()
  assert.equal(pool.totalCount, 2)
  await Promise.all([pool.query('select 1'), pool.query('select 2'), pool.query('select 3')])
  held[2].release()
  assert.deepEqual([pool.totalCount, pool.idleCount], [1, 1])
  const { rows } = await pool.query('select 4 as four')
  assert.deepEqual([rows, pool.totalCount], [[{ four: 4 }], 1])
})

test('a pool for which callers had to wait a moment ago closes none', async () => {
  const pool = openPool(2, { shrinkAfterMs: 3_600_000 })
  const held = await Promise.all([pool.connect(), pool.connect()])
  for (const client of held) client.release()
  assert.deepEqual([pool.totalCount, pool.idleCount], [2, 2])
})

test('a pool that is made larger opens more connections, and none of them after it is made smaller again', async () => {
  const pool = openPool(1)
  const first = await pool.connect()
  pool.resize(1)
  const second = await pool.connect()
  assert.equal(pool.totalCount, 2)
  pool.resize(-1)
  second.release(true)
  const third = pool.connect()
  first.release()
  assert.equal(await third, first)
  assert.equal(pool.totalCount, 1)
  first.release()
})

test('a caller that waits while the pool ends is refused', async () => {
  const pool = openPool(2)
  const held = await pool.connect()
  const waiting = pool.connect()
  const refused = assert.rejects(waiting, /end/)
  const ended = pool.end()
  held.release()
  await Promise.all([refused, ended])
  pools.splice(pools.indexOf(pool), 1)
})
