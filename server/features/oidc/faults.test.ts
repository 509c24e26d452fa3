import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { after, before, test } from 'node:test'
import { openCookieBrowser } from '../../testing/cookie-browser.ts'
import { fresh } from '../../testing/given.ts'
import type { Fault } from '../../testing/oidc-provider.ts'
import { encoded, openFaultScene, withClaims, withToken, type FaultScene } from './faults.suite.ts'
import { givenPerson, toCallback } from './scene.suite.ts'

let scene: FaultScene
before(async () => {
  scene = await openFaultScene()
})
after(() => scene[Symbol.asyncDispose]())

test('an ID token that says another nonce, issuer, audience or time is refused', async () => {
  const now = Math.floor(Date.now() / 1000)
  await scene.refused(
    withClaims(scene.provider, () => ({ nonce: 'another' })),
    /nonce/,
  )
  await scene.refused(
    withClaims(scene.provider, () => ({ nonce: undefined })),
    /nonce/,
  )
  await scene.refused(
    withClaims(scene.provider, () => ({ iss: 'https://evil.example' })),
    /iss/,
  )
  await scene.refused(
    withClaims(scene.provider, () => ({ aud: 'other' })),
    /aud/,
  )
  await scene.refused(
    withClaims(scene.provider, () => ({ aud: ['marina', 'other'], azp: 'other' })),
    /azp|aud/,
  )
  await scene.refused(
    withClaims(scene.provider, () => ({ iat: now - 7200, exp: now - 3600 })),
    /exp/,
  )
  await scene.refused(
    withClaims(scene.provider, () => ({ sub: undefined })),
    /sub/,
  )
})

test('an ID token without a signature, by the client secret, or by a strange key is refused', async () => {
  const { provider } = scene
  await scene.refused(
    withToken((payload) => `${encoded({ alg: 'none' })}.${payload}.`),
    /alg/,
  )
  await scene.refused(
    withToken((payload) => `${encoded({ alg: 'none' })}.${payload}`),
    /JWT/,
  )
  await scene.refused(
    withToken((payload) => {
      const signed = `${encoded({ alg: 'HS256' })}.${payload}`
      return `${signed}.${createHmac('sha256', provider.client.secret).update(signed).digest('base64url')}`
    }),
    /alg/,
  )
  await scene.refused(
    withClaims(scene.provider, () => ({}), { isStrange: true }),
    /signature/,
  )
  await scene.refused(
    withToken(() => 'no.token'),
    /JWT/,
  )
  // A provider that says itself that it signs by an HMAC is not believed either.
  const hmac: Fault = {
    path: '/.well-known/openid-configuration',
    change: (body) => ({ ...body, id_token_signing_alg_values_supported: ['HS256', 'none'] }),
  }
  await scene.forget()
  await scene.refused(
    [
      hmac,
      withToken((payload) => {
        const signed = `${encoded({ alg: 'HS256' })}.${payload}`
        return `${signed}.${createHmac('sha256', provider.client.secret).update(signed).digest('base64url')}`
      }),
    ],
    /alg|HS256|signature/,
  )
  await scene.forget()
})

test('userinfo about another person is refused', async () => {
  await scene.refused({ path: '/me', change: (body) => ({ ...body, sub: 'somebody-else' }) }, /sub/)
})

test('groups that cannot be read are not taken for no groups', async () => {
  const without = withClaims(scene.provider, () => ({ groups: undefined }))
  const broken: Fault = { path: '/me', answer: (_, response) => void response.writeHead(500).end() }
  await scene.refused([without, broken], /userinfo.*500/, 503)
})

test('another state, a callback used twice, and one of another browser let nobody in', async () => {
  const { marina, provider } = scene
  const person = givenPerson(provider, fresh('nina'))
  const browser = openCookieBrowser()
  const callback = await toCallback(browser, scene, person)
  const cookie = browser.cookies(callback)
  const get = (url: string, headers: Record<string, string> = {}) => {
    const { pathname, search } = new URL(url)
    return marina.ask('GET', `${pathname}${search}`, { headers })
  }
  const other = new URL(callback)
  other.searchParams.set('state', 'x'.repeat(43))
  for (const answer of [
    await get(other.href, { cookie }),
    await get(callback),
    await get(callback, { cookie: cookie.slice(0, -4) }),
    await get('http://x/c/oidc/callback', { cookie }),
    await get('http://x/c/oidc/callback?error=access_denied&error_description=no', { cookie }),
  ]) {
    assert.equal(answer.status, 400)
    assert.match(answer.text, /State mismatch/)
  }
  assert.equal((await get(callback, { cookie })).status, 302)
  const again = await get(callback, { cookie })
  assert.equal(again.status, 400)
  assert.equal(again.headers['set-cookie'], undefined)
})

test('a code of another client, and one that the provider never gave, are refused', async () => {
  const { marina, provider } = scene
  const person = givenPerson(provider, fresh('oscar'))
  // A code that another client got for a sign-in of its own, with a verifier that is known.
  const verifier = 'v'.repeat(43)
  const other = openCookieBrowser()
  const isHere = (url: string) => url.startsWith(`${marina.url}/c/oidc/callback`)
  const query = new URLSearchParams({
    client_id: 'other',
    response_type: 'code',
    scope: 'openid',
    redirect_uri: `${marina.url}/c/oidc/callback`,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  await other.open(`${provider.issuer}/auth?${query.toString()}`, isHere)
  for (let forms = 0; forms < 3 && !isHere(other.url); forms++)
    await other.submit({ login: person, password: 'any' }, isHere)
  const stolen = new URL(other.url).searchParams.get('code')!
  assert.ok(stolen)
  for (const code of [stolen, 'never-given']) {
    const browser = openCookieBrowser()
    const callback = new URL(await toCallback(browser, scene, person))
    callback.searchParams.set('code', code)
    const from = scene.lines.length
    await browser.open(callback.href)
    assert.equal(browser.page.status, 400)
    assert.match(scene.lines.slice(from).join(''), /invalid_grant/)
    scene.holdsNoSecret(scene.lines.slice(from).join(''))
  }
})

test('a person who says no at the provider reads so', async () => {
  const { provider } = scene
  const person = givenPerson(provider, fresh('paul'))
  const browser = openCookieBrowser()
  const callback = new URL(await toCallback(browser, scene, person))
  callback.searchParams.delete('code')
  callback.searchParams.set('error', 'access_denied')
  callback.searchParams.set('error_description', '<script>alert(1)</script>')
  await browser.open(callback.href)
  assert.equal(browser.page.status, 400)
  assert.match(browser.page.text, /did not sign you in/)
  assert.equal(browser.page.text.includes('<script>'), false)
})
