import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client } from 'pg'
import { openTestDatabase } from '../../testing/postgres.ts'
import { migrate, SchemaMismatch } from './migrate.ts'

type Field = {
  folder: string
  write(name: string, text: string): Promise<void>
  migrate(): Promise<string[]>
  ask(text: string): Promise<unknown[]>
} & AsyncDisposable

async function openField(): Promise<Field> {
  const [folder, database] = [await mkdtemp(join(tmpdir(), 'marina-migrations-')), await openTestDatabase()]
  const withClient = async <Result>(work: (client: Client) => Promise<Result>) => {
    const client = new Client(database.url)
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }
  return {
    folder,
    write: (name, text) => writeFile(join(folder, name), text),
    migrate: () => withClient((client) => migrate(client, folder)),
    ask: (text) => withClient(async (client) => (await client.query<Record<string, unknown>>(text)).rows),
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true })
      await database[Symbol.asyncDispose]()
    },
  }
}

test('migrations are applied once, in the order of their names', async () => {
  await using field = await openField()
  await field.write('0002-more.sql', 'alter table a add column y int; insert into a values (1, 2)')
  await field.write('0001-first.sql', 'create table a (x int)')
  await field.write('notes.txt', 'not a migration')
  await field.write('3-wrong.sql', 'not a migration')
  assert.deepEqual(await field.migrate(), ['0001-first.sql', '0002-more.sql'])
  assert.deepEqual(await field.migrate(), [])
  assert.deepEqual(await field.ask('select * from a'), [{ x: 1, y: 2 }])
})

test('many processes at once apply each migration once', async () => {
  await using field = await openField()
  await field.write('0001-slow.sql', 'create table a (x int); select pg_sleep(0.1); insert into a values (1)')
  const applied = await Promise.all(Array.from({ length: 8 }, () => field.migrate()))
  assert.deepEqual(applied.flat(), ['0001-slow.sql'])
  assert.deepEqual(await field.ask('select * from a'), [{ x: 1 }])
})

test('F50: a database of a newer version is refused in one sentence, and left as it is', async () => {
  await using field = await openField()
  await field.write('0001-first.sql', 'create table a (x int)')
  await field.write('0002-newer.sql', 'create table b (x int)')
  await field.migrate()
  await rm(join(field.folder, '0002-newer.sql'))
  await field.write('0003-own.sql', 'create table c (x int)')
  await assert.rejects(
    field.migrate(),
    (error) =>
      error instanceof SchemaMismatch &&
      /0002-newer\.sql, which this version of Marina does not know/.test(error.message),
  )
  assert.deepEqual(await field.ask(`select to_regclass('c') as c`), [{ c: null }])
})

test('a migration that was edited after it was applied is refused', async () => {
  await using field = await openField()
  await field.write('0001-first.sql', 'create table a (x int)')
  await field.migrate()
  await field.write('0001-first.sql', 'create table a (x bigint)')
  await assert.rejects(
    field.migrate(),
    (error) => error instanceof SchemaMismatch && /was changed after it was applied/.test(error.message),
  )
})

test('a migration that fails is rolled back, those before it stay, and the lock is released', async () => {
  await using field = await openField()
  await field.write('0001-first.sql', 'create table a (x int)')
  await field.write('0002-broken.sql', 'create table b (x int); select 1 / 0')
  await assert.rejects(field.migrate(), /migration 0002-broken\.sql failed and was rolled back: division by zero/)
  assert.deepEqual(
    await field.ask(
      `select to_regclass('a')::text as a, to_regclass('b') as b,
        (
          select count(*)::int from pg_locks join pg_database on pg_database.oid = pg_locks.database
          where locktype = 'advisory' and datname = current_database()) as locks`,
    ),
    [{ a: 'a', b: null, locks: 0 }],
  )
  await field.write('0002-broken.sql', 'create table b (x int)')
  assert.deepEqual(await field.migrate(), ['0002-broken.sql'])
})
