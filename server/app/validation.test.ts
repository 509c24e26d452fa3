import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { expectAnswer } from '../testing/http.ts'
import { openTestMarina } from '../testing/server.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())

const call = (method: string, path: string, body?: string, type = 'application/json') =>
  marina.ask(method, `/api/v2.0${path}`, {
    as: marina.admin,
    headers: { 'content-type': type },
    ...(body === undefined ? {} : { body }),
  })

type Case = [method: string, path: string, body?: string]

/** What a running Harbor 2.16 refused in its generated code, because its schema says so. */
const bySchema: Case[] = [
  ['PUT', '/configurations'],
  ['PUT', '/configurations', '{'],
  ['PUT', '/configurations', '[]'],
  ['PUT', '/configurations', '{"ldap_scope":"x"}'],
  ['PUT', '/configurations', '{"oidc_verify_cert":"x"}'],
  ['GET', '/usergroups/abc'],
  ['GET', '/usergroups/1.5'],
  ['GET', '/usergroups/99999999999999999999'],
  ['GET', '/usergroups/search'],
  ['GET', '/usergroups/search?groupname='],
  ['GET', '/auditlog-exts?page_size=101'],
  ['GET', '/auditlog-exts?page_size=x'],
  ['PUT', '/jobservice/queues/WEBHOOK'],
  ['PUT', '/jobservice/queues/WEBHOOK', '{"action":"nope"}'],
  ['POST', '/projects', '{"project_name":"a-name","registry_id":"x"}'],
  ['POST', '/scanners', '{}'],
  ['POST', '/scanners', '{"name":5,"url":"http://a.example"}'],
  ['POST', '/scanners/ping', '{"name":"a"}'],
  ['POST', '/scanners/ping', '{"name":"a","url":"x y"}'],
  ['PUT', '/projects/library/scanner', '{}'],
  ['PUT', '/system/CVEAllowlist', '{"items":"x"}'],
  ['POST', '/system/gc/schedule', '{"schedule":{"type":"nope"}}'],
]

/** What it refused in its handlers. */
const byHandler: Case[] = [
  ['PUT', '/configurations', '{"ldap_scope":7}'],
  ['PUT', '/configurations', '{"token_expiration":0}'],
  ['PUT', '/configurations', '{"auth_mode":"nope"}'],
  ['POST', '/usergroups', '{}'],
  ['POST', '/usergroups', 'null'],
  ['GET', '/schedules/nope/paused'],
  ['GET', '/auditlog-exts?q=name'],
  ['POST', '/scanners', '{"name":"","url":"http://a.example"}'],
  ['POST', '/scanners/ping', '{"name":"a","url":"ftp://a.example"}'],
  ['POST', '/projects/library/webhook/policies', '{}'],
  ['PUT', '/system/gc/schedule', '{"schedule":{"type":"Custom","cron":"nope"}}'],
]

test('what the schema of Harbor refuses is 422, as in Harbor', async () => {
  for (const [method, path, body] of bySchema) {
    const { status, code, text } = await call(method, path, body)
    assert.deepEqual([status, code], [422, 'UNPROCESSABLE_ENTITY'], `${method} ${path} ${body}: ${text}`)
    const { errors } = JSON.parse(text) as { errors: Record<string, string>[] }
    assert.deepEqual([errors.length, Object.keys(errors[0]!)], [1, ['code', 'message']], text)
  }
})

test('what the handlers of Harbor refuse is 400, as in Harbor', async () => {
  for (const [method, path, body] of byHandler) {
    const { status, code, text } = await call(method, path, body)
    assert.deepEqual([status, code], [400, 'BAD_REQUEST'], `${method} ${path} ${body}: ${text}`)
  }
})

test('a body that is not JSON is 422 and says so', async () => {
  const answer = await call('PUT', '/configurations', '{}', 'text/plain')
  assert.match(expectAnswer(answer, 422, 'UNPROCESSABLE_ENTITY').text, /must be application\/json/)
})

test('beyond a bound that the schema of Harbor does not have, an input is 400, and of a wrong type 422', async () => {
  expectAnswer(await call('GET', `/labels?scope=g&name=${'x'.repeat(256)}`), 400, 'BAD_REQUEST')
  const rules = '/projects/library/immutabletagrules'
  expectAnswer(await call('POST', rules, '{"priority":1000000000000}'), 400, 'BAD_REQUEST')
  expectAnswer(await call('POST', rules, '{"priority":"1"}'), 422, 'UNPROCESSABLE_ENTITY')
})

test('the OpenAPI document lists 422 where an operation has inputs, and bounds of our own by name', async () => {
  const document = (await marina.ask('GET', '/api/v2.0/openapi.json')).json() as {
    paths: Record<string, Record<string, { responses: object; parameters?: { name: string; schema: object }[] }>>
  }
  const { get } = document.paths['/labels']!
  assert.ok('422' in get!.responses && !('422' in document.paths['/ping']!['get']!.responses))
  const { schema } = get!.parameters!.find(({ name }) => name === 'name')!
  assert.deepEqual(schema, { type: 'string', maxLength: 255, 'x-own-bounds': true })
})
