import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import path from 'node:path'
import { after, suite, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Operation } from '../../api/operation.ts'
import { choices, wanted } from '../platform/http/refusal.ts'
import { openTestMarina } from '../testing/server.ts'

type Schema = Record<string, unknown>

/** Keywords that say where other schemas are, and those that refuse nothing. */
const others = ['properties', 'patternProperties', 'items', 'default', 'description', 'x-own-bounds', 'x-words']

suite('every bound of a schema has plain words for what breaks it', () => {
  const schemas = readInputs()

  test('each keyword in the inputs of all operations is in the table of words', async () => {
    const keywords = new Set((await schemas).flatMap(({ schema }) => Object.keys(schema)))
    assert.ok(keywords.size > 12, [...keywords].join(', '))
    const known = [...Object.keys(wanted), ...choices, ...others]
    assert.deepEqual([...keywords].filter((one) => !known.includes(one)).toSorted(), [])
  })

  test('each pattern says in words what it takes', async () => {
    const found = (await schemas).filter(({ schema }) => 'pattern' in schema)
    assert.ok(found.length > 3)
    const silent = found.filter(({ schema }) => typeof schema['x-words'] !== 'string')
    assert.deepEqual(
      silent.map(({ at }) => at),
      [],
    )
  })
})

suite('what does not fit a schema is refused in plain words', async () => {
  const marina = await openTestMarina({ MARINA_WORKERS: 'none' })
  after(() => marina[Symbol.asyncDispose]())

  const cases: [method: string, path: string, body: unknown, message: string][] = [
    ['POST', '/system/audit-masking', { username: '' }, 'username must not be empty'],
    ['POST', '/system/audit-masking', { username: 'a'.repeat(256) }, 'username must have at most 255 characters'],
    ['POST', '/users', { username: 5 }, 'username must be a string'],
    ['GET', '/projects?page_size=101', undefined, 'page_size must be at most 100'],
    ['GET', '/projects?page=x', undefined, 'page must be a whole number'],
    ['GET', '/projects?page=1&page=2', undefined, 'page must be a whole number'],
    ['POST', '/projects', { project_name: 'a', storage_limit: '5' }, 'storage_limit must be a whole number'],
    ['GET', '/usergroups/search', undefined, 'groupname is missing'],
    ['GET', '/usergroups/abc', undefined, 'group_id must be a whole number'],
    ['PUT', '/jobservice/queues/WEBHOOK', { action: 'nope' }, 'action must be one of stop, pause, resume'],
    ['PUT', '/jobservice/queues/WEBHOOK', { action: 7 }, 'action must be one of stop, pause, resume'],
    ['PUT', '/jobservice/queues/WEBHOOK', {}, 'action is missing'],
    ['PUT', '/jobservice/queues/WEBHOOK', undefined, 'the request needs a body: a JSON object'],
    ['PUT', '/jobservice/queues/WEBHOOK', [], 'the body must be an object'],
    ['POST', '/scanners/ping', { name: 'a', url: 'x y' }, 'url must be a URL such as https://example.com'],
    ['PUT', '/system/CVEAllowlist', { items: [{ cve_id: 'a' }, { cve_id: 7 }] }, 'items[1].cve_id must be a string'],
    ['PUT', '/system/CVEAllowlist', { items: 'x' }, 'items must be a list'],
    ['PUT', '/configurations', { oidc_verify_cert: 'x' }, 'oidc_verify_cert must be true or false'],
    ['GET', '/system/reactions/UPPER/parked', undefined, 'reaction_name must be the name of a reaction'],
    [
      'PUT',
      '/system/gc/schedule',
      { schedule: { type: 'nope' } },
      'schedule.type must be one of Hourly, Daily, Weekly, Custom, Manual, None, Schedule',
    ],
  ]
  for (const [method, at, body, message] of cases)
    test(`${method} ${at} ${JSON.stringify(body) ?? 'without a body'}: ${message}`, async () => {
      const answer = await marina.ask(method, `/api/v2.0${at}`, {
        as: marina.admin,
        headers: { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      assert.ok([400, 422].includes(answer.status), answer.text)
      assert.equal((answer.json() as { errors: { message: string }[] }).errors[0]!.message, message)
    })
})

/** The schemas of all inputs, and all that are within them. */
async function readInputs(): Promise<{ at: string; schema: Schema }[]> {
  const root = path.resolve(import.meta.dirname, '../..')
  const files = globSync('api/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'))
  const modules = await Promise.all(
    files.map(async (file) => (await import(pathToFileURL(path.join(root, file)).href)) as Record<string, unknown>),
  )
  const operations = modules.flatMap((one) => Object.values(one)).filter(isOperation)
  assert.ok(operations.length > 200, `${operations.length} operations`)
  return operations.flatMap(({ id, params, query, body }) =>
    Object.entries({ params, query, body }).flatMap(([part, schema]) => within(schema, `${id} ${part}`)),
  )
}

const isOperation = (one: unknown): one is Operation =>
  typeof one === 'object' && one !== null && 'id' in one && 'method' in one && 'path' in one

function within(schema: unknown, at: string): { at: string; schema: Schema }[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { properties = {}, patternProperties = {}, items, anyOf = [] } = schema as Schema
  const parts = {
    ...(properties as Schema),
    ...(patternProperties as Schema),
    ...Object.fromEntries(Object.entries(anyOf as Schema[])),
    '[]': items,
  }
  return [
    { at, schema: schema as Schema },
    ...Object.entries(parts).flatMap(([name, one]) => within(one, `${at}.${name}`)),
  ]
}
