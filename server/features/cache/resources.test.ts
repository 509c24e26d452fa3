import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { callApi } from '../../testing/api.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'
import { resources } from './resources.ts'

test('the resources that administrators can name are those that facts are kept of', () => {
  const server = join(import.meta.dirname, '../..')
  const files = globSync('**/*.ts', { cwd: server }).filter((name) => !/\.(?:test|suite)\.ts$|testing\/|cache\/keys\.ts$/.test(name))
  const used = files.flatMap((name) => [...readFileSync(join(server, name), 'utf8').matchAll(/\bkeyOf\('(\w+)'/g)].map(([, resource]) => resource!))
  assert.ok(used.length > 15)
  assert.deepEqual([...new Set(used)].sort((a, b) => (a < b ? -1 : 1)), resources)
})

test('S1-30: a resource that nobody keeps is 400 with the ones there are, and nothing is told', async () => {
  await using marina = await openTestMarina()
  for (const [method, path] of [['GET', '/system/cache/tagz'], ['DELETE', '/system/cache/tagz'], ['DELETE', '/system/cache/tagz/key?key=tagz%3Aid%3A1']] as const) {
    assert.match(expectAnswer(await callApi(marina, method, path, { as: marina.admin }), 400, 'BAD_REQUEST').text, /known: accessory, .*tag/)
  }
  const facts = await marina.ground.db.row<{ count: number }>({ name: '', text: "select count(*) from outbox where topic = 'cache.forgotten'", values: [] })
  assert.equal(facts!.count, 0)
})
