import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { callApi, factsSince, lastFact } from '../../testing/api.ts'
import { fresh, givenUser } from '../../testing/given.ts'
import { expectAnswer, type Answer, type Person } from '../../testing/http.ts'
import { openBeside, openTestMarina, type TestMarina, type TestSettings } from '../../testing/server.ts'
import { findAccount, updateAccount } from './index.ts'
import { sweepSessions } from './session-store.ts'

let marina: TestMarina
before(async () => {
  marina = await openTestMarina()
})
after(() => marina[Symbol.asyncDispose]())

type Browser = { cookie: string; csrf: string }

function logIn({ name, password }: Person, headers: Record<string, string> = {}): Promise<Answer> {
  const body = new URLSearchParams({ principal: name, password }).toString()
  return marina.ask('POST', '/c/login', {
    body,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  })
}

function browserOf(answer: Answer): Browser {
  return {
    cookie: answer.headers['set-cookie']![0]!.split(';')[0]!,
    csrf: answer.headers['x-harbor-csrf-token'] as string,
  }
}

const asBrowser = async (person: Person) => browserOf(expectAnswer(await logIn(person), 200))
const look = (browser: Browser, one = marina) =>
  one.ask('GET', '/api/v2.0/users/current', { headers: { cookie: browser.cookie } })

/** A change that any account may make. */
const rename = (person: Person, headers: Record<string, string>) =>
  marina.ask('PUT', `/api/v2.0/users/${person.id}`, {
    body: JSON.stringify({ comment: fresh('c') }),
    headers: { 'content-type': 'application/json', ...headers },
  })

test('C-24: a login gives an HttpOnly, SameSite cookie, which authenticates the account on every process', async () => {
  await using beside = await openBeside(marina)
  const person = await givenUser(marina)
  const since = await lastFact(marina)
  const answer = expectAnswer(await logIn(person), 200)
  const cookie = answer.headers['set-cookie']![0]!
  assert.match(cookie, /^sid=[\w-]{43}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax$/)
  for (const one of [marina, beside])
    assert.equal(((await look(browserOf(answer), one)).json() as { username: string }).username, person.name)
  assert.deepEqual(
    (await factsSince(marina, since)).map(({ topic, payload }) => [topic, payload['accountId']]),
    [['session.opened', person.id]],
  )
  const rows = await marina.ground.db.rows<{ hash: string }>({
    name: '',
    text: 'select id_hash as hash from session where account_id = $1',
    values: [person.id],
  })
  assert.equal(rows.length, 1)
  assert.ok(!cookie.includes(rows[0]!.hash), 'the table holds no id that opens anything')
})

test('the cookie is Secure behind https', async () => {
  for (const [settings, headers] of [
    [{ MARINA_TRUSTED_PROXIES: '127.0.0.1' }, { 'x-forwarded-proto': 'https' }],
    [{ MARINA_EXTERNAL_URL: 'https://registry.example.org' }, { origin: 'https://registry.example.org' }],
  ] as [TestSettings, Record<string, string>][]) {
    await using proxied = await openTestMarina(settings)
    const body = new URLSearchParams({ principal: 'admin', password: proxied.admin.password }).toString()
    const answer = await proxied.ask('POST', '/c/login', {
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    })
    assert.match(expectAnswer(answer, 200).headers['set-cookie']![0]!, /; Secure$/)
  }
})

test('a login is a form or JSON: others are 415, a wrong password is 401, a missing field is 400', async () => {
  const person = await givenUser(marina)
  const post = (body: string, type = 'application/json') =>
    marina.ask('POST', '/c/login', { body, headers: { 'content-type': type } })
  expectAnswer(await post(JSON.stringify({ principal: person.name, password: person.password })), 200)
  const refused = expectAnswer(await logIn({ ...person, password: 'Wrong12345' }), 401, 'UNAUTHORIZED')
  assert.equal(refused.headers['set-cookie'], undefined)
  expectAnswer(await logIn({ ...person, name: fresh('nobody') }), 401, 'UNAUTHORIZED')
  for (const body of ['{', '[]', 'null', '{}', '{"principal":1,"password":2}'])
    expectAnswer(await post(body), 400, 'BAD_REQUEST')
  expectAnswer(await post('principal=a&password=b', 'text/plain'), 415, 'UNSUPPORTED_MEDIA_TYPE')
  expectAnswer(await post(JSON.stringify({ principal: 'x'.repeat(10_000), password: '' })), 413, 'PAYLOAD_TOO_LARGE')
  expectAnswer(await marina.ask('GET', '/c/login'), 405, 'METHOD_NOT_ALLOWED')
  expectAnswer(await marina.ask('GET', '/c/other'), 404, 'NOT_FOUND')
})

test('C-17: failed logins for a session are throttled too', async () => {
  const person = await givenUser(marina)
  for (let count = 0; count < 6; count++) await logIn({ ...person, password: 'Wrong12345' })
  const answer = expectAnswer(await logIn(person), 429, 'TOO_MANY_REQUESTS')
  assert.ok(Number(answer.headers['retry-after']) >= 1)
})

test('C-25, H05: a change by cookie needs the CSRF token of a GET; reads, Basic and /v2 need none', async () => {
  const person = await givenUser(marina)
  const browser = await asBrowser(person)
  const { cookie } = browser
  const token = (await look(browser)).headers['x-harbor-csrf-token'] as string
  assert.equal(token, browser.csrf)
  const other = await asBrowser(person)
  for (const wrong of [
    {},
    { 'x-harbor-csrf-token': '' },
    { 'x-harbor-csrf-token': `${token}x` },
    { 'x-harbor-csrf-token': other.csrf },
  ] as Record<string, string>[])
    expectAnswer(await rename(person, { cookie, ...wrong }), 403, 'FORBIDDEN')
  expectAnswer(await rename(person, { cookie, 'x-harbor-csrf-token': token }), 200)
  expectAnswer(await callApi(marina, 'PUT', `/users/${person.id}`, { as: person, body: { comment: 'basic' } }), 200)
  assert.equal(
    (await callApi(marina, 'GET', '/users/current', { as: person })).headers['x-harbor-csrf-token'],
    undefined,
  )
})

test("H05: with an administrator's cookie and no token, no operation changes anything", async () => {
  const { cookie } = await asBrowser(marina.admin)
  const document = (await marina.ask('GET', '/api/v2.0/openapi.json')).json() as {
    paths: Record<string, Record<string, unknown>>
  }
  const changes = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((method) => /^(post|put|patch|delete)$/.test(method))
      .map((method) => [method.toUpperCase(), path.replaceAll(/\{[^}]+\}/g, '1')])
      // It looks at no session: all that counts is the token in its body.
      .filter(([, one]) => !one!.endsWith('/workloads/token')),
  )
  assert.ok(changes.length > 15)
  const before = await lastFact(marina)
  for (const [method, path] of changes) {
    const answer = await marina.ask(method!, `/api/v2.0${path!.replace(/^\/api\/v2\.0/, '')}`, {
      headers: { cookie, origin: 'https://evil.example', 'content-type': 'application/json' },
      body: '{}',
    })
    expectAnswer(answer, 403, 'FORBIDDEN')
    const unmarked = await marina.ask(method!, `/api/v2.0${path!.replace(/^\/api\/v2\.0/, '')}`, {
      headers: { cookie, 'content-type': 'application/json' },
      body: '{}',
    })
    expectAnswer(unmarked, 403, 'FORBIDDEN')
  }
  // Facts about refused requests, of this test and those before, are written a moment later and are no change.
  const told = (await factsSince(marina, before)).map(({ topic }) => topic)
  assert.deepEqual(
    told.filter((topic) => topic !== 'change.refused' && topic !== 'login.failed'),
    [],
  )
})

test('X23: a page of another site changes nothing with stored credentials, and logs nobody in or out', async () => {
  const person = await givenUser(marina)
  const browser = await asBrowser(person)
  const basic = `Basic ${Buffer.from(`${person.name}:${person.password}`).toString('base64')}`
  for (const foreign of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `http://127.0.0.1:1` },
  ] as Record<string, string>[]) {
    expectAnswer(await rename(person, { authorization: basic, ...foreign }), 403, 'FORBIDDEN')
    expectAnswer(
      await rename(person, { cookie: browser.cookie, 'x-harbor-csrf-token': browser.csrf, ...foreign }),
      403,
      'FORBIDDEN',
    )
    expectAnswer(await logIn(person, foreign), 403, 'FORBIDDEN')
    expectAnswer(
      await marina.ask('GET', '/c/log_out', { headers: { cookie: browser.cookie, ...foreign } }),
      403,
      'FORBIDDEN',
    )
  }
  for (const own of [{ 'sec-fetch-site': 'same-origin' }, { origin: marina.url }] as Record<string, string>[])
    expectAnswer(await rename(person, { authorization: basic, ...own }), 200)
  expectAnswer(await look(browser), 200)
})

test('H41: every login has a new id, and the one before it ends; a logout ends it on the server', async () => {
  const person = await givenUser(marina)
  const first = await asBrowser(person)
  const second = browserOf(expectAnswer(await logIn(person, { cookie: first.cookie }), 200))
  assert.notEqual(first.cookie, second.cookie)
  expectAnswer(await look(first), 401, 'UNAUTHORIZED')
  expectAnswer(await look(second), 200)
  const answer = expectAnswer(await marina.ask('GET', '/c/log_out', { headers: { cookie: second.cookie } }), 200)
  assert.match(answer.headers['set-cookie']![0]!, /^sid=; Path=\/; Max-Age=0/)
  expectAnswer(await look(second), 401, 'UNAUTHORIZED')
  expectAnswer(await marina.ask('POST', '/c/log_out'), 200)
})

test('a made-up cookie logs nobody in, and a wrong password beside a good cookie is 401 (C-19)', async () => {
  const person = await givenUser(marina)
  const browser = await asBrowser(person)
  for (const cookie of ['sid=', `sid=${'a'.repeat(43)}`, 'sid=../../etc', `sid=${'a'.repeat(4000)}`])
    expectAnswer(await look({ cookie, csrf: '' }), 401, 'UNAUTHORIZED')
  const answer = await marina.ask('GET', '/api/v2.0/users/current', {
    as: { ...person, password: 'Wrong12345' },
    headers: { cookie: browser.cookie },
  })
  expectAnswer(answer, 401, 'UNAUTHORIZED')
  expectAnswer(await marina.ask('GET', '/v2/', { headers: { cookie: browser.cookie } }), 401, 'UNAUTHORIZED')
})

test('C-24, H43: a new password, disabling or deleting an account ends its sessions on every process', async () => {
  await using beside = await openBeside(marina)
  const { db, cache } = marina.ground
  const ends: Record<string, (person: Person) => Promise<unknown>> = {
    password: (person) =>
      callApi(marina, 'PUT', `/users/${person.id}/password`, {
        as: person,
        body: { old_password: person.password, new_password: 'Another12345' },
      }),
    disabled: async (person) =>
      updateAccount(db, (await findAccount({ db, cache }, person.name))!, { isDisabled: true }),
    deleted: (person) => callApi(marina, 'DELETE', `/users/${person.id}`, { as: marina.admin }),
  }
  for (const [how, end] of Object.entries(ends)) {
    const person = await givenUser(marina)
    const browsers = [await asBrowser(person), await asBrowser(person)]
    const looks = () => Promise.all(browsers.flatMap((browser) => [look(browser), look(browser, beside)]))
    assert.deepEqual(
      (await looks()).map(({ status }) => status),
      [200, 200, 200, 200],
      how,
    )
    await end(person)
    assert.deepEqual(
      (await looks()).map(({ status }) => status),
      [401, 401, 401, 401],
      how,
    )
  }
})

test('C-24: a session ends an hour after its login however much it is used, and then its row is deleted', async () => {
  const person = await givenUser(marina)
  const { db } = marina.ground
  const age = (browser: Browser, seconds: number) =>
    db
      .run({
        name: '',
        text: `update session set created_at = now() - make_interval(secs => $1) where account_id = $2`,
        values: [seconds, person.id],
      })
      .then(() => browser)
  const old = await age(await asBrowser(person), 3599)
  expectAnswer(await look(old), 200)
  await new Promise((resolve) => setTimeout(resolve, 1100))
  expectAnswer(await look(old), 401, 'UNAUTHORIZED')
  expectAnswer(await look(await age(await asBrowser(person), 3601)), 401, 'UNAUTHORIZED')
  await sweepSessions(db, 60)
  assert.equal(
    (await db.row<{ count: number }>({
      name: '',
      text: 'select count(*) from session where account_id = $1',
      values: [person.id],
    }))!.count,
    0,
  )
})

test('C-24: session_timeout, in minutes, holds for new and open sessions on every process', async () => {
  await using beside = await openBeside(marina)
  const person = await givenUser(marina)
  const browser = await asBrowser(person)
  await marina.ground.db.run({
    name: '',
    text: "update session set created_at = now() - interval '10 minutes' where account_id = $1",
    values: [person.id],
  })
  const set = async (minutes: number) =>
    expectAnswer(
      await callApi(marina, 'PUT', '/configurations', { as: marina.admin, body: { session_timeout: minutes } }),
      200,
    )
  for (const one of [marina, beside]) expectAnswer(await look(browser, one), 200)
  await set(9)
  for (const one of [marina, beside]) expectAnswer(await look(browser, one), 401, 'UNAUTHORIZED')
  assert.match((await logIn(person)).headers['set-cookie']![0]!, /; Max-Age=540;/)
  await set(60)
  for (const one of [marina, beside]) expectAnswer(await look(browser, one), 200)
})

test('a session that was swept away stays so when session_timeout grows, also where it was cached', async () => {
  await using beside = await openBeside(marina)
  const { db } = marina.ground
  const person = await givenUser(marina)
  const browser = await asBrowser(person)
  await db.run({
    name: '',
    text: `update session set created_at = created_at - interval '70 minutes' where account_id = $1`,
    values: [person.id],
  })
  const setTimeoutTo = async (minutes: number) =>
    expectAnswer(
      await callApi(marina, 'PUT', '/configurations', { as: marina.admin, body: { session_timeout: minutes } }),
      200,
    )
  assert.equal((await look(browser, beside)).status, 401)
  await sweepSessions(db, 60)
  await setTimeoutTo(120)
  try {
    assert.equal((await look(browser, beside)).status, 401)
  } finally {
    await setTimeoutTo(60)
  }
})

test('an administrator who is demoted during a session has the rights of a user with the next request', async () => {
  const person = await givenUser(marina, fresh('boss'), true)
  const browser = await asBrowser(person)
  const list = () => marina.ask('GET', '/api/v2.0/users', { headers: { cookie: browser.cookie } })
  expectAnswer(await list(), 200)
  expectAnswer(
    await callApi(marina, 'PUT', `/users/${person.id}/sysadmin`, { as: marina.admin, body: { sysadmin_flag: false } }),
    200,
  )
  expectAnswer(await list(), 403, 'FORBIDDEN')
})

test("an account lists its own sessions, and ends any of them, but nobody else's", async () => {
  type Row = { id: string; current: boolean; address?: string; user_agent?: string; end_time: string }
  const [person, other] = [await givenUser(marina), await givenUser(marina)]
  const [here, there] = [await asBrowser(person), await asBrowser(person)]
  const foreign = await asBrowser(other)
  const list = async (of: Browser) =>
    expectAnswer(
      await marina.ask('GET', '/api/v2.0/users/current/sessions', { headers: { cookie: of.cookie } }),
      200,
    ).json() as Row[]
  const end = (of: Browser, id: string) =>
    marina.ask('DELETE', `/api/v2.0/users/current/sessions/${id}`, {
      headers: { cookie: of.cookie, 'x-harbor-csrf-token': of.csrf },
    })
  const rows = await list(here)
  assert.deepEqual([rows.length, rows.filter(({ current }) => current).length], [2, 1])
  assert.ok(rows.every(({ address, end_time: at }) => address === '127.0.0.1' && Date.parse(at) > Date.now()))
  assert.ok(!here.cookie.includes(rows[0]!.id) && !there.cookie.includes(rows[0]!.id), 'a name opens nothing')
  const [{ id: theirs }] = (await list(foreign)) as [Row]
  for (const id of [theirs, 'nonsense']) expectAnswer(await end(here, id), 404, 'NOT_FOUND')
  assert.equal((await look(foreign)).status, 200)
  const since = await lastFact(marina)
  expectAnswer(await end(here, rows.find(({ current }) => !current)!.id), 200)
  assert.deepEqual([(await look(there)).status, (await look(here)).status], [401, 200])
  assert.deepEqual(
    (await factsSince(marina, since)).map(({ topic, payload }) => [topic, payload['accountId']]),
    [['session.closed', person.id]],
  )
  assert.equal((await list(here)).length, 1)
  const byPassword = await callApi(marina, 'GET', '/users/current/sessions', { as: person })
  assert.deepEqual(
    (byPassword.json() as Row[]).map(({ current }) => current),
    [false],
  )
})
