import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from 'pg'
import { openTestDatabase } from './postgres.ts'

let prepared = 0
const prepare = async (url: string) => {
  prepared++
  await ask(url, 'CREATE TABLE shelf (book text)')
}

test('every test gets a database of its own, prepared once for all', async () => {
  const databases = await Promise.all([openTestDatabase(prepare), openTestDatabase(prepare), openTestDatabase(prepare)])
  for (const { url } of databases)
    assert.deepEqual(
      await ask(url, `INSERT INTO shelf VALUES ('mine') RETURNING (SELECT count(*) FROM shelf) AS before`),
      [{ before: '0' }],
    )
  for (const database of databases) await database[Symbol.asyncDispose]()
  assert.equal(prepared, 1)
})

test('a database without a preparation is empty, and gone when disposed', async () => {
  const { url, [Symbol.asyncDispose]: dispose } = await openTestDatabase()
  assert.deepEqual(await ask(url, `SELECT 1 FROM pg_tables WHERE schemaname = 'public'`), [])
  await dispose()
  await assert.rejects(ask(url, 'SELECT 1'), /does not exist/)
})

test('the error of a failed preparation is thrown, and the next preparation starts afresh', async () => {
  let isBroken = true
  const fragile = async (url: string) => {
    await ask(url, 'CREATE TABLE fragile (x int)')
    if (isBroken) throw new Error('a broken migration')
  }
  await assert.rejects(openTestDatabase(fragile), /a broken migration/)
  isBroken = false
  await using database = await openTestDatabase(fragile)
  assert.deepEqual(await ask(database.url, 'SELECT * FROM fragile'), [])
})

test('a connection left open fails the test that left it', async () => {
  const database = await openTestDatabase()
  const forgotten = new Client(database.url)
  forgotten.on('error', () => {})
  await forgotten.connect()
  await assert.rejects(database[Symbol.asyncDispose](), /left connections .* open: There is 1 other session/)
})

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client(url)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}
