import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { callApi, factsSince, lastFact } from '../../testing/api.ts'
import { askAs, type CookieBrowser } from '../../testing/cookie-browser.ts'
import { fresh } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openBeside, type TestMarina } from '../../testing/server.ts'
import { givenPerson, openScene, sessionOf, setItems, signIn, type OidcScene } from './scene.suite.ts'

let scene: OidcScene
before(async () => {
  scene = await openScene()
})
after(() => scene[Symbol.asyncDispose]())

const isIn = async (browser: CookieBrowser, marina: TestMarina = scene.marina) => {
  const answer = await callApi(marina, 'GET', '/users/current', { headers: sessionOf(browser, scene.marina) })
  return answer.status === 200
}
const logout = 'http://schemas.openid.net/event/backchannel-logout'

/** Sends a logout token as the provider does. */
async function tell(claims: Record<string, unknown>, options: { isStrange?: boolean; type?: string } = {}) {
  const { marina, provider } = scene
  const now = Math.floor(Date.now() / 1000)
  const known = {
    iss: provider.issuer,
    aud: 'marina',
    iat: now,
    exp: now + 120,
    jti: randomUUID(),
    events: { [logout]: {} },
  }
  const given = Object.fromEntries(Object.entries({ ...known, ...claims }).filter(([, value]) => value !== undefined))
  const token = await provider.sign(given, { type: 'logout+jwt', ...options })
  return send(marina, token)
}

const send = (marina: TestMarina, token: string) =>
  marina.ask('POST', '/c/oidc/backchannel-logout', {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ logout_token: token }).toString(),
  })

test('a logout here ends the session here, and at the provider where oidc_logout is on', async () => {
  const { marina, provider } = scene
  const ann = givenPerson(provider, fresh('ann'))
  const only = await signIn(scene, ann)
  const logOut = (browser: CookieBrowser) => askAs(browser, marina.url, marina.ask, 'POST', '/c/log_out')
  expectAnswer(await logOut(only), 200)
  assert.equal(await isIn(only), false)

  await setItems(marina, { oidc_logout: true })
  try {
    const browser = await signIn(scene, ann)
    const answer = await logOut(browser)
    assert.deepEqual([answer.status, answer.json()], [403, { redirect_location: `${marina.url}/c/oidc/logout` }])
    assert.equal(await isIn(browser), true)
    const cross = { 'sec-fetch-site': 'cross-site', cookie: browser.cookies(`${marina.url}/c/oidc/logout`) }
    expectAnswer(await marina.ask('GET', '/c/oidc/logout', { headers: cross }), 403, 'FORBIDDEN')
    await browser.open(`${marina.url}/c/oidc/logout`)
    const { searchParams, pathname, origin } = new URL(browser.url)
    assert.deepEqual([origin, pathname], [provider.issuer, '/session/end'])
    assert.equal(searchParams.get('post_logout_redirect_uri'), `${marina.url}/`)
    assert.equal(searchParams.get('client_id'), 'marina')
    assert.ok(searchParams.get('id_token_hint'))
    assert.equal(await isIn(browser), false)
    await browser.submit({ logout: 'yes' }, (url) => url === `${marina.url}/`)
    assert.equal(browser.url, `${marina.url}/`)
  } finally {
    await setItems(marina, { oidc_logout: false })
  }
})

test('a local session, and one at a provider that is away, end at once', async () => {
  const { marina, provider } = scene
  await setItems(marina, { oidc_logout: true })
  try {
    const body = new URLSearchParams({ principal: 'admin', password: marina.admin.password }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const opened = expectAnswer(await marina.ask('POST', '/c/login', { body, headers }), 200)
    const cookie = String(opened.headers['set-cookie']).split(';')[0]!
    expectAnswer(await marina.ask('POST', '/c/log_out', { headers: { cookie } }), 200)
    const ben = givenPerson(provider, fresh('ben'))
    const browser = await signIn(scene, ben)
    await setItems(marina, { oidc_endpoint: 'http://127.0.0.1:1' })
    const answer = await askAs(browser, marina.url, marina.ask, 'GET', '/c/oidc/logout')
    assert.deepEqual([answer.status, answer.headers.location], [302, '/'])
    assert.equal(await isIn(browser), false)
  } finally {
    await setItems(marina, { oidc_endpoint: provider.issuer, oidc_logout: false })
  }
})

test('a person who signs out at the provider is signed out here, on all processes', async () => {
  const { marina, provider } = scene
  await using beside = await openBeside(marina, { MARINA_OUTBOUND_ALLOW: '127.0.0.1' })
  const cat = givenPerson(provider, fresh('cat'))
  const browser = await signIn(scene, cat)
  const elsewhere = await signIn(scene, cat)
  for (const one of [marina, beside]) assert.equal(await isIn(browser, one), true)
  const since = await lastFact(marina)
  // The provider itself sends the logout token while it answers this form.
  await browser.open(`${provider.issuer}/session/end`)
  await browser.submit({ logout: 'yes' })
  for (const one of [marina, beside]) await eventually(async () => assert.equal(await isIn(browser, one), false))
  assert.equal(await isIn(elsewhere), true)
  const told = (await factsSince(marina, since)).filter(({ topic }) => topic === 'session.closed')
  assert.equal(told.length, 1)
})

test('a logout token ends the sessions of its sub or its sid, and each one counts once', async () => {
  const { provider, marina } = scene
  const [dan, eve] = [givenPerson(provider, fresh('dan')), givenPerson(provider, fresh('eve'))]
  const sessions = [await signIn(scene, dan), await signIn(scene, dan), await signIn(scene, eve)]
  const now = Math.floor(Date.now() / 1000)
  const token = await provider.sign({
    iss: provider.issuer,
    aud: ['marina'],
    iat: now,
    exp: now + 120,
    jti: randomUUID(),
    sub: dan,
    events: { [logout]: {} },
  })
  assert.equal((await send(marina, token)).status, 200)
  assert.deepEqual(await Promise.all(sessions.map((one) => isIn(one))), [false, false, true])
  const again = await signIn(scene, dan)
  const replayed = await send(marina, token)
  assert.equal(replayed.status, 400)
  assert.match(replayed.text, /used before/)
  assert.equal(await isIn(again), true)
  assert.equal((await tell({ sub: 'nobody' })).status, 200)
  assert.equal((await tell({ sub: eve, sid: 'another session' })).status, 200)
  assert.equal(await isIn(sessions[2]!), true)
})

test('a logout token that is forged, for others, old or about something else ends nothing', async () => {
  const { provider, marina } = scene
  const fay = givenPerson(provider, fresh('fay'))
  const browser = await signIn(scene, fay)
  const now = Math.floor(Date.now() / 1000)
  const wrong: [Record<string, unknown>, { isStrange?: boolean }?][] = [
    [{ sub: fay }, { isStrange: true }],
    [{ sub: fay, iss: 'https://evil.example' }],
    [{ sub: fay, aud: 'other' }],
    [{ sub: fay, exp: now - 60 }],
    [{ sub: fay, exp: undefined }],
    [{ sub: fay, iat: undefined }],
    [{ sub: fay, iat: now - 7200 }],
    [{ sub: fay, jti: undefined }],
    [{ sub: fay, nonce: 'x' }],
    [{ sub: fay, events: undefined }],
    [{ sub: fay, events: { other: {} } }],
    [{ sub: fay, events: { [logout]: 'x' } }],
    [{}],
    [{ sub: 7 }],
  ]
  for (const [claims, options] of wrong) {
    const answer = await tell(claims, options)
    assert.equal(answer.status, 400, JSON.stringify(claims))
    assert.equal((answer.json() as { error: string }).error, 'invalid_request')
    assert.equal(answer.headers['cache-control'], 'no-store')
  }
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  const payload = Buffer.from(JSON.stringify({ sub: fay })).toString('base64url')
  for (const token of [`${none}.${payload}.`, 'x', '']) assert.equal((await send(marina, token)).status, 400)
  assert.equal((await marina.ask('POST', '/c/oidc/backchannel-logout', { body: 'x=y' })).status, 400)
  expectAnswer(await marina.ask('GET', '/c/oidc/backchannel-logout'), 405, 'METHOD_NOT_ALLOWED')
  assert.equal(await isIn(browser), true)
  assert.equal((await tell({ sub: fay })).status, 200)
  assert.equal(await isIn(browser), false)
})
