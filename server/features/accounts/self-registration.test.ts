import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { callApi, create, factsSince, lastFact } from '../../testing/api.ts'
import { fresh, givenUser } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'

const marina = await openTestMarina({ MARINA_SIGN_UPS: '25', MARINA_TRUSTED_PROXIES: '127.0.0.1' })
after(() => marina[Symbol.asyncDispose]())

const password = 'Testing12345'
const allow = async (value: boolean) =>
  expectAnswer(
    await callApi(marina, 'PUT', '/configurations', { as: marina.admin, body: { self_registration: value } }),
    200,
  )

/** The headers of a portal page after its first request: a visitor's cookie and its CSRF token. */
async function openPage(): Promise<Record<string, string>> {
  const { headers } = expectAnswer(await callApi(marina, 'GET', '/systeminfo'), 200)
  return {
    cookie: (headers['set-cookie']?.[0] ?? '').split(';')[0]!,
    'x-harbor-csrf-token': String(headers['x-harbor-csrf-token'] ?? ''),
  }
}
const register = (headers: Record<string, string>, more: object = {}) =>
  callApi(marina, 'POST', '/users', {
    headers,
    body: { username: fresh('self'), password, email: `${fresh('mail')}@example.com`, realname: 'Self', ...more },
  })
const countUsers = async () =>
  Number((await callApi(marina, 'GET', '/users', { as: marina.admin })).headers['x-total-count'])

test('while self_registration is off, nobody can register, and a visitor gets no cookie', async () => {
  const before = await countUsers()
  const page = await openPage()
  assert.deepEqual(page, { cookie: '', 'x-harbor-csrf-token': '' })
  await allow(true)
  const prepared = await openPage()
  await allow(false)
  for (const headers of [{}, prepared]) expectAnswer(await register(headers), 401, 'UNAUTHORIZED')
  assert.equal(await countUsers(), before)
})

test('with self_registration, a visitor in a browser makes an ordinary account, and a fact tells of it', async () => {
  await allow(true)
  const username = fresh('visitor')
  const since = await lastFact(marina)
  const answer = expectAnswer(await register(await openPage(), { username }), 201)
  const id = Number(answer.headers.location!.replace('/api/v2.0/users/', ''))
  assert.deepEqual(await factsSince(marina, since), [
    {
      topic: 'account.created',
      payload: { accountId: id, name: username, by: { kind: 'anonymous', id: null, name: 'anonymous' } },
    },
  ])
  const me = expectAnswer(
    await callApi(marina, 'GET', '/users/current', { as: { kind: 'user', id, name: username, password } }),
    200,
  ).json() as Record<string, unknown>
  assert.deepEqual([me['user_id'], me['username'], me['sysadmin_flag']], [id, username, false])
})

test('registration over the bare API, from another site, or with the token of another browser is 403', async () => {
  await allow(true)
  const before = await countUsers()
  const [page, other] = [await openPage(), await openPage()]
  const wrong: Record<string, string>[] = [
    {},
    { cookie: page['cookie']! },
    { 'x-harbor-csrf-token': page['x-harbor-csrf-token']! },
    { ...page, 'x-harbor-csrf-token': other['x-harbor-csrf-token']! },
    { ...page, cookie: 'sid=short' },
    { ...page, origin: 'https://evil.example' },
    { ...page, 'sec-fetch-site': 'cross-site' },
  ]
  for (const headers of wrong) expectAnswer(await register(headers), 403, 'FORBIDDEN')
  const person = await givenUser(marina)
  expectAnswer(
    await callApi(marina, 'POST', '/users', { as: person, headers: page, body: { username: fresh('self'), password } }),
    403,
    'FORBIDDEN',
  )
  assert.equal(await countUsers(), before + 1)
})

test('H01: no field in the body of a registration makes more than an ordinary account', async () => {
  await allow(true)
  const page = await openPage()
  const extra: object[] = [
    { sysadmin_flag: true },
    { admin_role_in_auth: true },
    { has_admin_role: true },
    { is_admin: true },
    { isAdmin: true },
    { user_id: 1 },
    { id: 1 },
    { role_id: 1 },
    { ['__proto__']: { isAdmin: true } },
    { constructor: { prototype: { isAdmin: true } } },
    { sysadmin_flag: 'true', admin_role_in_auth: 1 },
    { oidc_user_meta: { id: 1 } },
  ]
  for (const more of extra) {
    const username = fresh('greedy')
    const answer = await register(page, { username, ...more })
    if (answer.status === 422) continue
    expectAnswer(answer, 201)
    const me = expectAnswer(
      await callApi(marina, 'GET', '/users/current', { as: { kind: 'user', id: 0, name: username, password } }),
      200,
    ).json() as Record<string, unknown>
    assert.deepEqual(
      [me['sysadmin_flag'], me['admin_role_in_auth'], Number(me['user_id']) > 1],
      [false, false, true],
      JSON.stringify(more),
    )
  }
  for (const username of ['admin', 'Admin$', 'robot$x', ''])
    assert.ok([400, 409].includes((await register(page, { username })).status), username)
})

test('one address can register no more accounts than its limit, and other addresses still can', async () => {
  await allow(true)
  const page = await openPage()
  const from = (address: string) => register({ ...page, 'x-forwarded-for': address })
  const statuses: number[] = []
  for (let tries = 0; tries < 28; tries++) statuses.push((await from('198.51.100.7')).status)
  assert.deepEqual(
    [statuses.filter((status) => status === 201).length, statuses.filter((status) => status === 429).length],
    [25, 3],
  )
  expectAnswer(await from('198.51.100.8'), 201)
  await create(marina, '/users', marina.admin, { username: fresh('made'), password })
})
