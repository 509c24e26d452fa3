import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { callApi, factsSince, lastFact } from '../../testing/api.ts'
import { askAs, openCookieBrowser, type CookieBrowser } from '../../testing/cookie-browser.ts'
import { fresh, givenProject, givenUser } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openBeside } from '../../testing/server.ts'
import {
  givenPerson,
  isCallback,
  openScene,
  sessionOf,
  setItems,
  signIn,
  toCallback,
  type OidcScene,
} from './scene.suite.ts'
import { localPath } from './sign-in.ts'

let scene: OidcScene
before(async () => {
  scene = await openScene()
})
after(() => scene[Symbol.asyncDispose]())

type User = {
  user_id: number
  username: string
  email: string
  sysadmin_flag: boolean
  admin_role_in_auth: boolean
  comment: string
  oidc_user_meta?: { subiss: string; secret?: string; user_id: number }
}
const current = async (browser: CookieBrowser) =>
  expectAnswer(
    await callApi(scene.marina, 'GET', '/users/current', { headers: sessionOf(browser, scene.marina) }),
    200,
  ).json() as User
const asAdmin = async (path: string) =>
  expectAnswer(await callApi(scene.marina, 'GET', path, { as: scene.marina.admin }), 200).json()

test('a person signs in at the provider, gets an account with its groups, and returns to where it began', async () => {
  const { marina, provider } = scene
  const since = await lastFact(marina)
  const [team, other] = [fresh('team'), fresh('other')]
  const ann = givenPerson(provider, fresh('ann'), [team, other])
  const browser = openCookieBrowser()
  const callback = await toCallback(browser, scene, ann, '?redirect_url=%2Fprojects%3Fpage%3D2')
  await browser.open(callback, (url) => !isCallback(url))
  assert.equal(browser.url, `${marina.url}/projects?page=2`)
  const user = await current(browser)
  assert.deepEqual(
    [user.username, user.email, user.sysadmin_flag, user.admin_role_in_auth, user.comment],
    [ann, `${ann}@example.com`, false, false, 'Onboarded via OIDC provider'],
  )
  assert.equal(user.oidc_user_meta?.subiss, `${ann}${provider.issuer}`)
  assert.equal(user.oidc_user_meta?.secret, undefined)
  const groups = (await asAdmin('/usergroups?page_size=100')) as { group_name: string; group_type: number }[]
  for (const name of [team, other])
    assert.deepEqual(
      groups.filter(({ group_name }) => group_name === name).map(({ group_type }) => group_type),
      [3],
    )
  const told = (await factsSince(marina, since)).map(({ topic }) => topic)
  for (const topic of ['account.created', 'group.created', 'session.opened']) assert.ok(told.includes(topic), topic)
  const info = (await marina.ask('GET', '/api/v2.0/systeminfo')).json() as Record<string, unknown>
  assert.deepEqual([info['auth_mode'], info['oidc_provider_name']], ['oidc_auth', 'Test ID'])
})

test('the request to the provider has PKCE, state and nonce, and the callback of this site', async () => {
  const { marina, provider } = scene
  const answer = await marina.ask('GET', '/c/oidc/login')
  assert.equal(answer.status, 302)
  const url = new URL(answer.headers.location!)
  const get = (name: string) => url.searchParams.get(name) ?? ''
  assert.equal(url.origin, provider.issuer)
  assert.deepEqual(
    ['response_type', 'client_id', 'code_challenge_method', 'scope', 'redirect_uri', 'prompt'].map(get),
    [
      'code',
      'marina',
      'S256',
      'openid profile email groups offline_access',
      `${marina.url}/c/oidc/callback`,
      'consent',
    ],
  )
  for (const name of ['state', 'nonce', 'code_challenge']) assert.match(get(name), /^[\w-]{43}$/)
  const [held = ''] = answer.headers['set-cookie'] ?? []
  assert.match(held, /^oidc_sign_in=v1\.[\w-]+; Path=\/c\/oidc; Max-Age=600; HttpOnly; SameSite=Lax$/)
  // The browser cannot read what it holds.
  assert.equal(held.includes(get('state')), false)
  const again = new URL((await marina.ask('GET', '/c/oidc/login')).headers.location!)
  for (const name of ['state', 'nonce', 'code_challenge']) assert.notEqual(again.searchParams.get(name), get(name))
})

test('groups and administrator are those of the last login, and nothing that is gone there is kept', async () => {
  const { marina, provider } = scene
  const team = fresh('team')
  const ben = givenPerson(provider, fresh('ben'), [team, 'registry-admins'])
  const project = await givenProject(marina)
  const browser = await signIn(scene, ben)
  assert.deepEqual((await current(browser)).admin_role_in_auth, true)
  expectAnswer(await callApi(marina, 'GET', '/quotas', { headers: sessionOf(browser, marina) }), 200)
  const body = { role_id: 2, member_group: { group_name: team, group_type: 3 } }
  expectAnswer(await callApi(marina, 'POST', `/projects/${project.name}/members`, { as: marina.admin, body }), 201)
  givenPerson(provider, ben, [team])
  const second = await signIn(scene, ben)
  assert.deepEqual((await current(second)).admin_role_in_auth, false)
  expectAnswer(await callApi(marina, 'GET', '/quotas', { headers: sessionOf(browser, marina) }), 403, 'FORBIDDEN')
  expectAnswer(await callApi(marina, 'GET', `/projects/${project.name}`, { headers: sessionOf(second, marina) }), 200)
  givenPerson(provider, ben, [])
  await signIn(scene, ben)
  for (const one of [browser, second])
    expectAnswer(
      await callApi(marina, 'GET', `/projects/${project.name}/members`, { headers: sessionOf(one, marina) }),
      403,
      'FORBIDDEN',
    )
})

test('without auto-onboard a new person chooses a name, once; the next sign-in needs none', async () => {
  const { marina, provider } = scene
  await setItems(marina, { oidc_auto_onboard: false })
  try {
    const since = await lastFact(marina)
    const taken = await givenUser(marina)
    const cat = givenPerson(provider, fresh('cat'), [], { preferred_username: taken.name })
    const browser = openCookieBrowser()
    const isPage = (url: string) => new URL(url).pathname === '/oidc-onboard'
    await browser.open(await toCallback(browser, scene, cat, '?redirect_url=%2Fprojects'), isPage)
    const { searchParams } = new URL(browser.url)
    assert.deepEqual([searchParams.get('username'), searchParams.get('redirect_url')], [taken.name, '/projects'])
    const choose = (username: unknown, headers = {}) =>
      askAs(browser, marina.url, marina.ask, 'POST', '/c/oidc/onboard', { body: { username }, headers })
    assert.deepEqual(
      (await factsSince(marina, since)).filter(({ topic }) => topic === 'account.created'),
      [],
    )
    for (const name of ['', 7, 'x'.repeat(256)]) {
      const answer = expectAnswer(await choose(name), 400, 'BAD_REQUEST')
      assert.match(answer.text, /username with illegal length/)
    }
    expectAnswer(await choose('a b,'), 400, 'BAD_REQUEST')
    expectAnswer(await choose(taken.name), 409, 'CONFLICT')
    expectAnswer(await choose('cross', { 'sec-fetch-site': 'cross-site' }), 403, 'FORBIDDEN')
    expectAnswer(await choose('plain', { 'content-type': 'text/plain' }), 415, 'UNSUPPORTED_MEDIA_TYPE')
    const name = fresh('chosen')
    assert.equal((await marina.ask('POST', '/c/oidc/onboard', { body: '{"username":"x"}' })).status, 415)
    const json = { 'content-type': 'application/json' }
    const stranger = await marina.ask('POST', '/c/oidc/onboard', { headers: json, body: `{"username":"${name}"}` })
    assert.match(expectAnswer(stranger, 400, 'BAD_REQUEST').text, /Failed to get OIDC user info from session/)
    const held = browser.cookies(`${marina.url}/c/oidc/onboard`)
    const made = expectAnswer(await choose(name), 200)
    assert.ok(made.headers['x-harbor-csrf-token'])
    assert.equal((await current(browser)).username, name)
    const again = await marina.ask('POST', '/c/oidc/onboard', {
      headers: { ...json, cookie: held },
      body: `{"username":"${name}2"}`,
    })
    expectAnswer(again, 400, 'BAD_REQUEST')
    assert.equal((await current(await signIn(scene, cat))).username, name)
  } finally {
    await setItems(marina, { oidc_auto_onboard: true })
  }
})

test('a name that a local account has is never taken over, and a disabled account stays out', async () => {
  const { marina, provider } = scene
  const local = await givenUser(marina)
  givenPerson(provider, local.name)
  const browser = openCookieBrowser()
  await browser.open(await toCallback(browser, scene, local.name))
  assert.equal(browser.page.status, 409)
  assert.match(browser.page.text, /Another account here has your name already/)
  const dan = givenPerson(provider, fresh('dan'))
  const session = await signIn(scene, dan)
  const { user_id: id } = await current(session)
  await marina.ground.db.run({ name: '', text: 'update account set is_disabled = true where id = $1', values: [id] })
  const next = openCookieBrowser()
  await next.open(await toCallback(next, scene, dan))
  assert.equal(next.page.status, 403)
  assert.match(next.page.text, /disabled/)
})

test('a sign-in that began at one process ends at another', async () => {
  const { marina, provider } = scene
  await using beside = await openBeside(marina, { MARINA_OUTBOUND_ALLOW: '127.0.0.1' })
  const eve = givenPerson(provider, fresh('eve'))
  const browser = openCookieBrowser()
  const callback = new URL(await toCallback(browser, scene, eve))
  const headers = { cookie: browser.cookies(callback.href) }
  const path = `${callback.pathname}${callback.search}`
  const answer = await beside.ask('GET', path, { headers })
  assert.deepEqual([answer.status, answer.headers.location], [302, '/'])
  assert.equal((await marina.ask('GET', path, { headers })).status, 400)
})

test('a sign-in leads back to this site only', async () => {
  const wrong = [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    'projects',
    '\\\\e',
    '/\t/evil.example',
    '/a\nb',
    '/c/log_out',
    '/api/v2.0/users',
    `/${'x'.repeat(2001)}`,
    'http:/x',
  ]
  for (const one of wrong) assert.equal(localPath(one), undefined, one)
  for (const [one, path] of [
    ['', '/'],
    ['/projects?x=1#y', '/projects?x=1#y'],
    ['/a/../b', '/b'],
    ['/%2F%2Fevil', '/%2F%2Fevil'],
  ])
    assert.equal(localPath(one!), path)
  const answer = await scene.marina.ask('GET', '/c/oidc/login?redirect_url=https%3A%2F%2Fevil.example')
  assert.match(expectAnswer(answer, 400, 'BAD_REQUEST').text, /cannot redirect to other site/)
})

test('the way to sign in is refused while another auth_mode is set, in the words of Harbor', async () => {
  // The mode of an installation with accounts cannot be changed, but by its operator.
  await using marina = await openBeside(scene.marina, { MARINA_CONFIG_OVERWRITE_JSON: '{"auth_mode":"db_auth"}' })
  for (const path of ['login', 'callback', 'logout']) {
    const answer = expectAnswer(await marina.ask('GET', `/c/oidc/${path}`), 412, 'PRECONDITION_FAILED')
    assert.match(answer.text, /auth mode: db_auth is not OIDC based/)
  }
  const page = await marina.ask('GET', '/c/oidc/login', {
    headers: { accept: 'text/html', 'accept-language': 'de-AT' },
  })
  assert.match(page.text, /nicht eingeschaltet/)
  expectAnswer(await marina.ask('GET', '/c/oidc/none'), 404, 'NOT_FOUND')
  expectAnswer(await marina.ask('POST', '/c/oidc/login'), 405, 'METHOD_NOT_ALLOWED')
})
