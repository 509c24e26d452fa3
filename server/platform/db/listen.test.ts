import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from '../../testing/http.ts'
import { openTestDatabase } from '../../testing/postgres.ts'
import { openDb } from './db.ts'
import { listenTo } from './listen.ts'

test('a notification is heard at commit, and after a lost connection an empty one is', async () => {
  await using database = await openTestDatabase()
  const db = openDb({
    url: database.url,
    poolSize: 4,
    acquireTimeoutMs: 2000,
    statementTimeoutMs: 5000,
    lockTimeoutMs: 5000,
  })
  const [heard, troubles]: [string[], unknown[]] = [[], []]
  const tell = (text: string) => ({ name: '', text: 'select pg_notify($1, $2)', values: ['test_channel', text] })
  {
    await using listener = listenTo(
      db,
      'test_channel',
      (payload) => heard.push(payload),
      (error) => troubles.push(error),
    )
    assert.ok(listener)
    await eventually(() => assert.deepEqual(heard, ['']))
    await db.transaction(async (tx) => tx.rows(tell('one')))
    await db
      .transaction(async (tx) => {
        await tx.rows(tell('never'))
        throw new Error('rolled back')
      })
      .catch(() => {})
    await eventually(() => assert.deepEqual(heard, ['', 'one']))
    await db.rows({
      name: '',
      text: `
        select pg_terminate_backend(pid) from pg_stat_activity
        where query = 'listen test_channel' and datname = current_database()`,
      values: [],
    })
    await eventually(() => assert.deepEqual([heard, troubles.length], [['', 'one', ''], 1]))
    await db.rows(tell('two'))
    await eventually(() => assert.deepEqual(heard, ['', 'one', '', 'two']))
  }
  await db.close()
})
