import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { callApi } from '../../../testing/api.ts'
import { makeCertificate } from '../../../testing/certificate.ts'
import { fresh, givenProject, pushImage } from '../../../testing/given.ts'
import { basic, eventually, expectAnswer } from '../../../testing/http.ts'
import { openAuthProxy, type Fault } from '../../../testing/identity-servers.ts'
import { openBeside, openTestMarina, type TestMarina, type TestSettings } from '../../../testing/server.ts'

const opened = new AsyncDisposableStack()
after(() => opened.disposeAsync())
const proxy = opened.use(await openAuthProxy())
const plain = opened.use(await openTestMarina())
const { admin } = plain

/** A Marina in this mode on the same database. */
const openInMode = (items: object, settings: TestSettings = {}): Promise<TestMarina> =>
  openBeside(plain, {
    MARINA_OUTBOUND_ALLOW: '127.0.0.1',
    // Long enough for a busy machine: only the tests of silence wait for it, with a shorter one.
    MARINA_IDENTITY_ANSWER: '30s',
    MARINA_CONFIG_OVERWRITE_JSON: JSON.stringify({ auth_mode: 'http_auth', ...proxy.settings, ...items }),
    ...settings,
  })
const marina = opened.use(
  await openInMode(
    { http_authproxy_admin_groups: 'wheel, root', http_authproxy_admin_usernames: 'the-boss' },
    { MARINA_IDENTITY_REFRESH: '0' },
  ),
)

type User = { user_id: number; username: string; admin_role_in_auth: boolean; comment: string; email: string }
const as = (name: string, password: string) => ({ kind: 'user' as const, id: 0, name, password })
const whoami = (name: string, password: string, at: TestMarina = marina) =>
  callApi(at, 'GET', '/users/current', { as: as(name, password) })
const given = (groups: string[] = [], name = fresh('ann')) => {
  proxy.people.set(name, { password: `of ${name}`, groups })
  return { name, password: `of ${name}` }
}

suite('http_auth', () => {
  test('the proxy checks the password; the account is made, its groups are those of the token review', async () => {
    const [one, two] = [fresh('devs'), fresh('ops')]
    const { name, password } = given([one, two])
    const user = expectAnswer(await whoami(name.toUpperCase(), password), 200).json() as User
    assert.deepEqual([user.username, user.comment, user.admin_role_in_auth], [name, 'By Authproxy', false])
    expectAnswer(await whoami(name, 'wrong'), 401, 'UNAUTHORIZED')
    expectAnswer(await whoami(name, ''), 401, 'UNAUTHORIZED')
    expectAnswer(await whoami(fresh('nobody'), password), 401, 'UNAUTHORIZED')
    const groups = expectAnswer(
      await callApi(marina, 'GET', '/usergroups?page_size=100', { as: admin }),
      200,
    ).json() as {
      group_name: string
      group_type: number
    }[]
    for (const group of [one, two])
      assert.deepEqual(
        groups.filter((found) => found.group_name === group).map((found) => found.group_type),
        [2],
      )
    const mail = `${fresh('ann')}@example.com`
    const other = given([], mail)
    assert.equal((expectAnswer(await whoami(other.name, other.password), 200).json() as User).email, mail)
  })

  test('a group gives its role, and takes it with the next request after the proxy took the group', async () => {
    const project = await givenProject(marina)
    const image = await pushImage(marina, `${project.name}/app`, { tag: 'v1' })
    const group = fresh('team')
    const { name, password } = given([group])
    expectAnswer(await whoami(name, password), 200)
    const member = { role_id: 2, member_group: { group_name: group, group_type: 2 } }
    expectAnswer(await callApi(marina, 'POST', `/projects/${project.name}/members`, { as: admin, body: member }), 201)
    const scope = `repository:${project.name}/app:pull`
    const token = await marina.token(as(name, password), scope)
    const pull = (options: object) => marina.ask('GET', `/v2/${project.name}/app/manifests/v1`, options)
    assert.equal(expectAnswer(await pull({ token }), 200).headers['docker-content-digest'], image.digest)
    proxy.people.set(name, { password, groups: [] })
    expectAnswer(await pull({ token }), 401, 'UNAUTHORIZED')
    expectAnswer(await pull({ as: as(name, password) }), 401, 'UNAUTHORIZED')
  })

  test('administrators are named by their group or their name, and stop to be one', async () => {
    const { name, password } = given(['wheel'])
    const users = (person: { name: string; password: string }) =>
      callApi(marina, 'GET', '/users?page_size=1', { as: as(person.name, person.password) })
    assert.equal((expectAnswer(await whoami(name, password), 200).json() as User).admin_role_in_auth, true)
    expectAnswer(await users({ name, password }), 200)
    proxy.people.set(name, { password, groups: ['wheels'] })
    expectAnswer(await users({ name, password }), 403, 'FORBIDDEN')
    expectAnswer(await users(given([], 'the-boss')), 200)
  })

  test('a token of the proxy is a password for docker, under tokenreview$ and the name', async () => {
    const { name } = given()
    const token = fresh('token')
    proxy.tokens.set(token, name)
    const robot = as(`tokenreview$${name}`, token)
    expectAnswer(await marina.ask('GET', '/v2/', { as: robot }), 200)
    assert.ok(await marina.token(robot, 'repository:library/x:pull'))
    assert.equal(
      (expectAnswer(await callApi(marina, 'GET', '/users/current', { as: robot }), 200).json() as User).username,
      name,
    )
    for (const wrong of [
      as(`tokenreview$${name}x`, token),
      as(`tokenreview$${name}`, 'x'),
      as(name, token),
      as('tokenreview$', token),
    ])
      expectAnswer(await marina.ask('GET', '/v2/', { as: wrong }), 401, 'UNAUTHORIZED')
  })

  test('a session opens by the proxy, and goes on when its token has ended: nobody else can say', async () => {
    const { name, password } = given([fresh('kept')])
    const session = expectAnswer(
      await marina.ask('POST', '/c/login', {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ principal: name, password }),
      }),
      200,
    )
    const cookie = session.headers['set-cookie']![0]!.split(';')[0]!
    const read = () => marina.ask('GET', '/api/v2.0/users/current', { headers: { cookie } })
    expectAnswer(await read(), 200)
    for (const [token, whose] of proxy.tokens) if (whose === name) proxy.tokens.delete(token)
    expectAnswer(await read(), 200)
  })

  test('somebody who was never here becomes a member only with http_authproxy_skip_search', async () => {
    const project = await givenProject(marina)
    const { name, password } = given()
    const add = (at: TestMarina) => {
      const body = { role_id: 2, member_user: { username: name } }
      return callApi(at, 'POST', `/projects/${project.name}/members`, { as: admin, body })
    }
    expectAnswer(await add(marina), 404, 'NOT_FOUND')
    await using trusting = await openInMode({ http_authproxy_skip_search: true })
    expectAnswer(await add(trusting), 201)
    const read = await callApi(marina, 'GET', `/projects/${project.name}`, { as: as(name, password) })
    assert.equal(read.status, 200, read.text)
  })

  test('C-17: wrong passwords are slowed, counted and in the audit log, as those of local accounts', async () => {
    const { name } = given()
    const statuses = []
    for (let attempt = 0; attempt < 8; attempt++) statuses.push((await whoami(name, 'wrong')).status)
    assert.deepEqual([statuses[0], statuses.at(-1)], [401, 429], String(statuses))
    await eventually(async () => {
      const q = encodeURIComponent(`resource=${name},operation=login`)
      const { text } = expectAnswer(await callApi(plain, 'GET', `/auditlog-exts?q=${q}`, { as: admin }), 200)
      assert.match(text, new RegExp(`wrong name or password: ${name}`))
    })
    const metric = await marina.ground.metrics.registry.getSingleMetric('marina_logins_total')!.get()
    const counted = (outcome: string) =>
      metric.values.find(({ labels }) => labels['provider'] === 'http' && labels['outcome'] === outcome)?.value ?? 0
    assert.ok(counted('wrong') >= 5 && counted('right') > 0)
  })
})

suite('a proxy that does not work', () => {
  test('is 503 for a login, counts no failure, and leaves tokens of Marina as they are', async () => {
    const hasty = opened.use(await openInMode({}, { MARINA_IDENTITY_ANSWER: '300ms' }))
    const { name, password } = given()
    expectAnswer(await whoami(name, password), 200)
    const made = await callApi(marina, 'POST', '/users/current/tokens', {
      as: as(name, password),
      body: { name: 'mine' },
    })
    const { secret } = expectAnswer(made, 201).json() as { secret: string }
    for (const fault of ['hangs', 'fails', 'babbles'] satisfies Fault[]) {
      proxy.state.fault = fault
      for (let attempt = 0; attempt < 7; attempt++)
        expectAnswer(await whoami(name, password, hasty), 503, 'UNAVAILABLE')
      expectAnswer(await whoami(name, secret, hasty), 200)
      expectAnswer(await callApi(hasty, 'GET', '/users/current', { as: admin }), 200)
    }
    proxy.state.fault = undefined
    expectAnswer(await whoami(name, password), 200)
  })

  test('is not asked at an address that is closed, nor when it is not set', async () => {
    const { name, password } = given()
    for (const items of [
      { http_authproxy_endpoint: 'http://169.254.169.254/auth' },
      { http_authproxy_endpoint: '' },
      { http_authproxy_tokenreview_endpoint: '' },
    ]) {
      await using wrong = await openInMode(items)
      expectAnswer(await whoami(name, password, wrong), 503, 'UNAVAILABLE')
      expectAnswer(await callApi(wrong, 'GET', '/users/current', { as: admin }), 200)
    }
  })

  test('its certificate is checked against the one in the settings, unless that is switched off', async () => {
    const [own, other] = [await makeCertificate(), await makeCertificate()]
    await using secure = await openAuthProxy(own)
    secure.people.set('ann-tls', { password: 'of ann', groups: [] })
    const log = async (items: object) => {
      await using at = await openInMode({ ...secure.settings, ...items })
      return (await whoami('ann-tls', 'of ann', at)).status
    }
    assert.equal(await log({ http_authproxy_server_certificate: own.cert }), 200)
    assert.equal(await log({ http_authproxy_server_certificate: other.cert }), 503)
    assert.equal(await log({}), 503)
    assert.equal(await log({ http_authproxy_verify_cert: false }), 200)
  })
})

test('systeminfo tells of the proxy as Harbor does, and only in this mode', async () => {
  const shown = async (at: TestMarina) =>
    (expectAnswer(await at.ask('GET', '/api/v2.0/systeminfo'), 200).json() as { authproxy_settings?: object })
      .authproxy_settings
  assert.deepEqual(await shown(marina), {
    endpoint: proxy.settings.http_authproxy_endpoint,
    tokenreivew_endpoint: proxy.settings.http_authproxy_tokenreview_endpoint,
    verify_cert: true,
  })
  assert.equal(await shown(plain), undefined)
  assert.match(basic(admin), /^Basic /)
})
