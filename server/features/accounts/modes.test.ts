import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { callApi } from '../../testing/api.ts'
import { fresh, givenUser } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openBeside, openTestMarina } from '../../testing/server.ts'
import { isModeFixedIn } from './modes.ts'
import { saveAccount } from './store.ts'

const opened = new AsyncDisposableStack()
after(() => opened.disposeAsync())
const plain = opened.use(await openTestMarina())
const { admin } = plain
const modes = ['db_auth', 'ldap_auth', 'oidc_auth', 'uaa_auth', 'http_auth'] as const

suite('auth_mode', () => {
  test('is locked from the first account on, in the words of Harbor, and says so before', async () => {
    await using marina = await openTestMarina()
    const set = (items: object) => callApi(marina, 'PUT', '/configurations', { as: admin, body: items })
    const shown = async () =>
      (
        expectAnswer(await callApi(marina, 'GET', '/configurations', { as: admin }), 200).json() as Record<
          string,
          unknown
        >
      )['auth_mode']
    expectAnswer(await set({ auth_mode: 'nope' }), 400, 'BAD_REQUEST')
    assert.deepEqual(await shown(), { value: 'db_auth', editable: true })
    expectAnswer(await set({ auth_mode: 'uaa_auth' }), 200)
    expectAnswer(await set({ auth_mode: 'http_auth' }), 200)
    assert.deepEqual(await shown(), { value: 'http_auth', editable: true })
    await givenUser(marina)
    assert.deepEqual(await shown(), { value: 'http_auth', editable: false })
    const refused = expectAnswer(await set({ auth_mode: 'db_auth', session_timeout: 99 }), 400, 'BAD_REQUEST')
    assert.match(refused.text, /the auth mode cannot be modified as new users have been inserted into database/)
    expectAnswer(await set({ auth_mode: 'http_auth', session_timeout: 98 }), 200)
    const info = expectAnswer(await marina.ask('GET', '/api/v2.0/systeminfo'), 200).json() as Record<string, unknown>
    assert.deepEqual([info['auth_mode'], info['primary_auth_mode']], ['http_auth', false])
    expectAnswer(await set({ primary_auth_mode: true }), 200)
    const after_ = expectAnswer(await marina.ask('GET', '/api/v2.0/systeminfo'), 200).json() as Record<string, unknown>
    assert.equal(after_['primary_auth_mode'], true)
  })
})

suite('auth_mode is changed while an account is made', () => {
  test('the account is not made, or the mode stays as it is', async () => {
    await using marina = await openTestMarina()
    const { admin: as } = marina
    const set = (mode: string) =>
      callApi(marina, 'PUT', '/configurations', { as, body: { auth_mode: mode, ldap_url: 'ldap://127.0.0.1' } })
    for (let round = 0; round < 5; round++) {
      const body = { username: fresh('local'), password: 'Testing12345' }
      // To hash the password takes longer than a whole change of the mode.
      const [made, changed] = await Promise.all([callApi(marina, 'POST', '/users', { as, body }), set('ldap_auth')])
      assert.deepEqual(
        [made.status, changed.status],
        changed.status === 200 ? [403, 200] : [201, 400],
        `${made.text} ${changed.text}`,
      )
      const id = made.headers.location?.split('/').at(-1)
      if (id !== undefined) expectAnswer(await callApi(marina, 'DELETE', `/users/${id}`, { as }), 200)
      expectAnswer(await set('db_auth'), 200)
    }
  })

  test('a change waits for an account that is being made, and is refused then', async () => {
    await using marina = await openTestMarina()
    const { db } = marina.ground
    const [held, made] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const making = db.transaction(async (tx) => {
      await isModeFixedIn(tx)
      await saveAccount(tx, { name: fresh('local'), passwordHash: null, isAdmin: false })
      held.resolve()
      await made.promise
    })
    await held.promise
    const body = { auth_mode: 'uaa_auth' }
    const changing = callApi(marina, 'PUT', '/configurations', { as: marina.admin, body })
    await eventually(async () =>
      assert.equal(
        (
          await db.rows(sql`
            select from pg_locks join pg_database on pg_database.oid = database
            where datname = current_database() and locktype = 'advisory' and not granted`)
        ).length,
        1,
      ),
    )
    made.resolve()
    await making
    assert.match(expectAnswer(await changing, 400, 'BAD_REQUEST').text, /auth mode cannot be modified/)
  })
})

suite('what may be done with accounts in each mode', () => {
  for (const mode of modes) {
    test(mode, async () => {
      const isOurs = mode === 'db_auth'
      const overwrite = JSON.stringify({ auth_mode: mode, self_registration: true })
      await using marina = await openBeside(plain, { MARINA_CONFIG_OVERWRITE_JSON: overwrite })
      const call = (method: string, path: string, body?: object, as = admin) =>
        callApi(marina, method, path, { as, ...(body ? { body } : {}) })
      const user = await givenUser(marina)
      const expectOurs = async (status: number, why: RegExp, answer: ReturnType<typeof call>) => {
        const said = expectAnswer(await answer, isOurs ? status : 403, isOurs ? undefined : 'FORBIDDEN')
        if (!isOurs) assert.match(said.text, why)
      }
      const local = { username: fresh('made'), password: 'Testing12345' }
      const noLocal = new RegExp(`creating local user is not allowed under auth mode: ${mode}`)
      const notOurs = new RegExp(`User with ID ${user.id} can't be updated`)
      await expectOurs(201, noLocal, call('POST', '/users', local))
      await expectOurs(200, notOurs, call('PUT', `/users/${user.id}`, { comment: 'words' }))
      await expectOurs(200, notOurs, call('PUT', `/users/${user.id}/password`, { new_password: 'Another12345' }))
      const registered = await callApi(marina, 'POST', '/users', { body: { ...local, username: fresh('self') } })
      assert.equal(registered.status, 403, registered.text)
      assert.match(registered.text, isOurs ? /registration is for browsers/ : noLocal)
      // A password that Marina still has from another mode is good for nothing, unless Marina checks passwords.
      const old = await call('GET', '/users/current', undefined, {
        ...user,
        password: isOurs ? 'Another12345' : user.password,
      })
      if (isOurs) expectAnswer(old, 200)
      else assert.ok(old.status === 401 || old.status === 503, `${old.status}`)
      // Everything else is the same in every mode.
      expectAnswer(await call('PUT', `/users/${user.id}/sysadmin`, { sysadmin_flag: true }), 200)
      expectAnswer(await call('PUT', '/users/1', { comment: 'the first' }), 200)
      expectAnswer(await call('GET', '/users/current'), 200)
      expectAnswer(await call('GET', `/users/${user.id}`), 200)
      expectAnswer(await call('DELETE', `/users/${user.id}`), 200)
      const password = { old_password: admin.password, new_password: 'Another12345' }
      expectAnswer(await call('PUT', '/users/1/password', password), 200)
      const back = { old_password: 'Another12345', new_password: admin.password }
      expectAnswer(await call('PUT', '/users/1/password', back, { ...admin, password: 'Another12345' }), 200)
    })
  }
})
