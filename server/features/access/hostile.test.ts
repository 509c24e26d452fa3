import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Project } from '../../catalog/project.ts'
import { fresh, givenProject, givenUser } from '../../testing/given.ts'
import type { Person } from '../../testing/http.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { readDocument, type Listed } from './document.suite.ts'
import { openTargets, type Targets } from './targets.suite.ts'

let marina: TestMarina
let listed: Listed[]
let targets: Targets
let sys: Person
let A: Project

before(async () => {
  marina = await openTestMarina()
  ;({ listed } = await readDocument(marina))
  targets = openTargets(marina)
  sys = await givenUser(marina, fresh('sys'), true)
  A = await givenProject(marina)
})
after(() => marina[Symbol.asyncDispose]())

/** Hostile path parts and query values, encoded as in a URL. */
const texts = [
  '%00',
  'a%00b',
  "'",
  "x'%20or%20'1'%3D'1",
  '%22%3B--',
  '..%2f..%2fetc%2fpasswd',
  '%252e%252e',
  '-1',
  '0',
  '9223372036854775808',
  '1e309',
  'NaN',
  'null',
  '%FF%FE',
  '%ZZ',
  '%F0%9F%92%A9',
  '__proto__',
  'constructor',
  'a'.repeat(2000),
  '%25_%25',
  'true',
  '%5B1~%5D',
  '%7Ba%20b%7D',
  'k%3D~%00',
]
const values: unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  Number.MAX_SAFE_INTEGER,
  '',
  'a\0b',
  "x'; drop table account; --",
  '\ud800',
  '💩',
  'a'.repeat(5000),
  [],
  [null],
  [[[]]],
  {},
  { toString: 1 },
  { a: { a: {} } },
]
const bodies = [
  '',
  'null',
  '[]',
  '""',
  '0',
  '{',
  '{"a":',
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '['.repeat(5000),
  `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`,
  '{"a":1,"a":2}',
  '{"\\ud800":1}',
  `${'['.repeat(100_000)}"\\ud800"${']'.repeat(100_000)}`,
  '\ufeff{}',
  '\0',
]

/** Sends a request as a system administrator; returns a description of it when the answer is a 5xx, else nothing. */
async function trouble(one: Listed, url: string, body?: string): Promise<string[]> {
  const headers: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
  const answer = await marina.ask(one.method, `/api/v2.0${url}`, {
    as: sys,
    headers,
    ...(body === undefined ? {} : { body }),
  })
  // 501 says that Marina cannot do this yet.
  return answer.status < 500 || answer.status === 501
    ? []
    : [
        `${one.id}: ${one.method} ${url.slice(0, 200)} ${body?.slice(0, 200) ?? ''} → ` +
          `${answer.status} ${answer.text.slice(0, 200)}`,
      ]
}

const sends = ({ method }: Listed) => /^(?:POST|PUT|PATCH)$/.test(method)

test('no path that anybody can write is answered with a 5xx', async () => {
  const found: string[] = []
  for (const one of listed) {
    const { url, body } = await targets.targetOf(one, A)
    const bare = url.split('?', 1)[0]!
    const places = one.path.split('/').flatMap((part, index) => (part.startsWith('{') ? [index] : []))
    for (const place of places) {
      for (const text of texts)
        found.push(
          ...(await trouble(
            one,
            bare.split('/').with(place, text).join('/'),
            sends(one) ? JSON.stringify(body ?? {}) : undefined,
          )),
        )
    }
  }
  assert.deepEqual(found, [])
})

test('no query is answered with a 5xx', async () => {
  const found: string[] = []
  for (const one of listed.filter(({ method }) => method === 'GET')) {
    const { url } = await targets.targetOf(one, A)
    for (const name of one.query)
      for (const text of texts)
        found.push(...(await trouble(one, `${url}${url.includes('?') ? '&' : '?'}${name}=${text}`)))
  }
  assert.deepEqual(found, [])
})

test('X27: no body is answered with a 5xx, and none reaches the prototype of objects', async () => {
  const found: string[] = []
  // Settings last: one of them makes Marina read-only.
  for (const one of listed
    .filter(sends)
    .sort((a, b) => Number(a.id === 'updateConfigurations') - Number(b.id === 'updateConfigurations'))) {
    const { url, body } = await targets.targetOf(one, A)
    for (const text of bodies) found.push(...(await trouble(one, url, text)))
    const good = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
    for (const name of new Set([...one.body, ...Object.keys(good)]))
      for (const value of values) found.push(...(await trouble(one, url, JSON.stringify({ ...good, [name]: value }))))
  }
  assert.deepEqual(found, [])
  assert.equal(({} as { polluted?: number }).polluted, undefined)
  assert.equal((await marina.ask('GET', '/api/v2.0/health')).status, 200)
})
