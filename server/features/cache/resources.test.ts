import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { callApi } from '../../testing/api.ts'
import { givenProject, pushImage } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'
import { resources } from './resources.ts'

test('the resources that administrators can name are those that the code caches', () => {
  const server = join(import.meta.dirname, '../..')
  const files = globSync('**/*.ts', { cwd: server }).filter(
    (name) => !/\.(?:test|suite)\.ts$|testing\/|cache\/keys\.ts$/.test(name),
  )
  const used = files.flatMap((name) =>
    [...readFileSync(join(server, name), 'utf8').matchAll(/\bkeyOf\('(\w+)'/g)].map(([, resource]) => resource!),
  )
  assert.ok(used.length > 15)
  assert.deepEqual(
    [...new Set(used)].sort((a, b) => (a < b ? -1 : 1)),
    resources,
  )
})

test('a running Marina asks its cache only for these resources, so that no key is made without keyOf', async () => {
  await using marina = await openTestMarina()
  await pushImage(marina, `${(await givenProject(marina)).name}/app`, { tag: 'v1' })
  const asked = () => marina.ground.cache.counts().map(({ resource }) => resource)
  // The reaction of webhooks to the push asks for their policies.
  await eventually(() => assert.ok(asked().includes('webhook_policies'), asked().join(', ')))
  assert.deepEqual(
    asked().filter((resource) => !(resources as readonly string[]).includes(resource)),
    [],
  )
})

test('S1-30: an unknown resource is 400 with a list of the known ones, and no fact is written', async () => {
  await using marina = await openTestMarina()
  for (const [method, path] of [
    ['GET', '/system/cache/tagz'],
    ['DELETE', '/system/cache/tagz'],
    ['DELETE', '/system/cache/tagz/key?key=tagz%3Aid%3A1'],
  ] as const) {
    assert.match(
      expectAnswer(await callApi(marina, method, path, { as: marina.admin }), 400, 'BAD_REQUEST').text,
      /known: accessory, .*tag/,
    )
  }
  const facts = await marina.ground.db.row<{ count: number }>({
    name: '',
    text: "select count(*) from outbox where topic = 'cache.forgotten'",
    values: [],
  })
  assert.equal(facts!.count, 0)
})
