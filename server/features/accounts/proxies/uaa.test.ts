import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { callApi } from '../../../testing/api.ts'
import { fresh, givenProject } from '../../../testing/given.ts'
import { expectAnswer } from '../../../testing/http.ts'
import { openUaa, type Fault } from '../../../testing/identity-servers.ts'
import { openBeside, openTestMarina, type TestMarina, type TestSettings } from '../../../testing/server.ts'

const opened = new AsyncDisposableStack()
after(() => opened.disposeAsync())
const client = { id: 'marina:client', secret: 'with/odd:characters%' }
const uaa = opened.use(await openUaa(client))
const plain = opened.use(await openTestMarina())
const { admin } = plain

const openInMode = (items: object, settings: TestSettings = {}): Promise<TestMarina> =>
  openBeside(plain, {
    MARINA_OUTBOUND_ALLOW: '127.0.0.1',
    // Long enough for a busy machine: only the test of silence waits for it, with a shorter one.
    MARINA_IDENTITY_ANSWER: '30s',
    MARINA_CONFIG_OVERWRITE_JSON: JSON.stringify({ auth_mode: 'uaa_auth', ...uaa.settings, ...items }),
    ...settings,
  })
const marina = opened.use(await openInMode({}, { MARINA_IDENTITY_REFRESH: '0' }))

type User = { user_id: number; username: string; realname: string; comment: string; email: string }
const as = (name: string, password: string) => ({ kind: 'user' as const, id: 0, name, password })
const whoami = (name: string, password: string, at: TestMarina = marina) =>
  callApi(at, 'GET', '/users/current', { as: as(name, password) })
const given = (more: object = {}, name = fresh('ann')) => {
  uaa.people.set(name, { password: `of ${name}`, ...more })
  return { name, password: `of ${name}` }
}
const tokenOf = async ({ name, password }: { name: string; password: string }) => {
  const made = await callApi(marina, 'POST', '/users/current/tokens', {
    as: as(name, password),
    body: { name: 'mine' },
  })
  return (expectAnswer(made, 201).json() as { secret: string }).secret
}

suite('uaa_auth', () => {
  test('UAA checks the password and tells name and e-mail; the account follows what it says', async () => {
    const { name, password } = given({ email: `${fresh('a')}@example.com`, given: 'Ann', family: 'Lee' })
    const user = expectAnswer(await whoami(name, password), 200).json() as User
    assert.deepEqual([user.username, user.realname, user.comment], [name, 'Ann Lee', 'From UAA'])
    assert.equal(user.email, uaa.people.get(name)!.email)
    uaa.people.set(name, { password, given: 'Anna', email: user.email })
    assert.equal((expectAnswer(await whoami(name, password), 200).json() as User).realname, 'Anna')
    expectAnswer(await whoami(name, 'wrong'), 401, 'UNAUTHORIZED')
    expectAnswer(await whoami(name, ''), 401, 'UNAUTHORIZED')
    expectAnswer(await whoami(fresh('nobody'), password), 401, 'UNAUTHORIZED')
  })

  test('names with odd characters are asked for as they are', async () => {
    for (const stem of ["an o'neil", 'ann"lee', 'ann&grant_type=client_credentials', 'ann\\lee', 'änn']) {
      const name = `${stem}${fresh('')}`
      if (/["#$%,~:]/.test(name)) continue
      const { password } = given({}, name)
      expectAnswer(await whoami(name, password), 200)
      const secret = await tokenOf({ name, password })
      expectAnswer(await whoami(name, secret), 200)
    }
  })

  test('somebody who is gone at UAA, or not active any more, loses tokens at once', async () => {
    for (const leave of [
      (name: string) => uaa.people.delete(name),
      (name: string) => uaa.people.set(name, { password: 'x', active: false }),
    ]) {
      const person = given()
      const secret = await tokenOf(person)
      expectAnswer(await whoami(person.name, secret), 200)
      leave(person.name)
      expectAnswer(await whoami(person.name, secret), 401, 'UNAUTHORIZED')
      expectAnswer(await whoami(person.name, person.password), 401, 'UNAUTHORIZED')
    }
  })

  test('somebody whom UAA knows becomes a member before the first login', async () => {
    const project = await givenProject(marina)
    const { name, password } = given()
    const add = (username: string) => {
      const body = { role_id: 2, member_user: { username } }
      return callApi(marina, 'POST', `/projects/${project.name}/members`, { as: admin, body })
    }
    expectAnswer(await add(name), 201)
    expectAnswer(await add(fresh('nobody')), 404, 'NOT_FOUND')
    const read = await callApi(marina, 'GET', `/projects/${project.name}`, { as: as(name, password) })
    assert.equal(read.status, 200, read.text)
    uaa.state.fault = 'fails'
    expectAnswer(await add(fresh('nobody')), 503, 'UNAVAILABLE')
    uaa.state.fault = undefined
  })

  test('a client that may not list users or read their profiles still logs people in', async () => {
    const person = given({ email: `${fresh('a')}@example.com` })
    uaa.scopes.clear()
    try {
      const user = expectAnswer(await whoami(person.name, person.password), 200).json() as User
      assert.deepEqual([user.realname, user.email], [person.name, ''])
      const secret = await tokenOf(person)
      expectAnswer(await whoami(person.name, secret), 200)
    } finally {
      uaa.scopes.add('openid').add('scim.read')
    }
  })
})

suite('a UAA that does not work', () => {
  test('is 503 for a login, and counts no failure', async () => {
    const hasty = opened.use(await openInMode({}, { MARINA_IDENTITY_ANSWER: '300ms' }))
    const { name, password } = given()
    for (const fault of ['hangs', 'fails', 'babbles'] satisfies Fault[]) {
      uaa.state.fault = fault
      for (let attempt = 0; attempt < 7; attempt++)
        expectAnswer(await whoami(name, password, hasty), 503, 'UNAVAILABLE')
      expectAnswer(await callApi(hasty, 'GET', '/users/current', { as: admin }), 200)
    }
    uaa.state.fault = undefined
    expectAnswer(await whoami(name, password), 200)
  })

  test('a wrong secret of the client is a fault of the settings, and no wrong password', async () => {
    const { name, password } = given()
    for (const items of [
      { uaa_client_secret: 'wrong' },
      { uaa_endpoint: '' },
      { uaa_endpoint: 'http://169.254.169.254' },
    ]) {
      await using wrong = await openInMode(items)
      expectAnswer(await whoami(name, password, wrong), 503, 'UNAVAILABLE')
    }
  })
})
