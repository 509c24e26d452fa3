import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { callApi } from '../../testing/api.ts'
import { openCookieBrowser } from '../../testing/cookie-browser.ts'
import { fresh } from '../../testing/given.ts'
import { eventually } from '../../testing/http.ts'
import { openTestProvider, type Fault } from '../../testing/oidc-provider.ts'
import { encoded, openFaultScene, withToken, type FaultScene } from './faults.suite.ts'
import { givenPerson, openScene, scopes, setItems, signIn, toCallback } from './scene.suite.ts'

let scene: FaultScene
before(async () => {
  scene = await openFaultScene()
})
after(() => scene[Symbol.asyncDispose]())

test('a provider that hangs, fails or talks too much ends the sign-in within its time', async () => {
  // A busy machine takes less for one request that is answered.
  await using brief = await openFaultScene({ MARINA_OIDC_TIMEOUT: '4s' })
  const { refused } = brief
  const hanging = (path: string): Fault => ({ path, answer: () => {} })
  const huge: Fault = {
    path: '/token',
    answer(_, response) {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"access_token":"')
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    },
  }
  await refused(hanging('/token'), /no answer within 4000 ms/, 503)
  await refused(huge, /more than 262144 bytes/)
  await refused({ path: '/token', answer: (_, response) => void response.writeHead(503).end() }, /503/, 503)
  const text: Fault = {
    path: '/token',
    answer: (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
  }
  await refused(text, /content/)
  const trickling: Fault = {
    path: '/token',
    answer(_, response) {
      response.writeHead(200, { 'content-type': 'application/json' })
      const timer = setInterval(() => response.write(' '), 100)
      response.once('close', () => clearInterval(timer))
    },
  }
  await refused(trickling, /within 4000 ms/, 503)
})

test('a new key of the provider is fetched, and one that it took back counts no more', async () => {
  const { provider } = scene
  await signIn(scene, givenPerson(provider, fresh('quinn')))
  const old = await provider.sign({})
  await provider.rotate()
  // Keys are asked for anew at most every 2 s.
  const ruth = givenPerson(provider, fresh('ruth'))
  await eventually(async () => {
    const browser = await signIn(scene, ruth).catch(() => undefined)
    assert.match(browser?.cookies(scene.marina.url) ?? '', /\bsid=/)
  })
  const kid = (JSON.parse(Buffer.from(old.split('.')[0]!, 'base64url').toString()) as { kid: string }).kid
  const asked = provider.count('/jwks')
  for (let tries = 0; tries < 5; tries++)
    await scene.refused(
      withToken((payload) => `${encoded({ alg: 'RS256', kid })}.${payload}.${old.split('.')[2]!}`),
      /does not publish|signature/,
    )
  assert.ok(provider.count('/jwks') - asked <= 5)
})

test('discovery that leads elsewhere is not followed', async () => {
  const { marina, provider } = scene
  const path = '/.well-known/openid-configuration'
  const to = (location: string): Fault => ({
    path,
    answer: (_, response) => void response.writeHead(302, { location }).end(),
  })
  const described = (change: object): Fault => ({ path, change: (body) => ({ ...body, ...change }) })
  const ping = async (fault: Fault): Promise<string> => {
    provider.faults.push(fault)
    try {
      const body = { url: provider.issuer, verify_cert: true }
      const answer = await callApi(marina, 'POST', '/system/oidc/ping', { as: marina.admin, body })
      assert.equal(answer.status, 400, answer.text)
      return answer.text
    } finally {
      provider.faults.splice(0)
    }
  }
  assert.match(await ping(to('http://169.254.169.254/latest/meta-data')), /redirects are not followed/)
  assert.match(await ping(described({ issuer: 'https://evil.example' })), /issuer/)
  assert.match(await ping({ path, answer: (_, response) => void response.end('{') }), /failed to verify/)
  await refusedWithDiscovery(described({ token_endpoint: 'http://169.254.169.254/token' }), /metadata service/)
  await refusedWithDiscovery(described({ jwks_uri: 'http://169.254.169.254/keys' }), /metadata service/)

  async function refusedWithDiscovery(fault: Fault, reason: RegExp): Promise<void> {
    await scene.forget()
    provider.faults.push(fault)
    const person = givenPerson(provider, fresh('sam'))
    const browser = openCookieBrowser()
    const from = scene.lines.length
    await browser.open(await toCallback(browser, scene, person))
    provider.faults.splice(0)
    await scene.forget()
    assert.equal(browser.page.status, 503)
    assert.match(scene.lines.slice(from).join(''), reason)
  }
})

test('a provider that is away, or not set up, is said to be so', async () => {
  const { marina } = scene
  const look = () => marina.ask('GET', '/c/oidc/login', { headers: { accept: 'text/html' } })
  await setItems(marina, { oidc_endpoint: 'http://127.0.0.1:1' })
  const away = await look()
  assert.deepEqual([away.status, /does not answer now/.test(away.text)], [503, true], away.text)
  await setItems(marina, { oidc_endpoint: '' })
  const unset = await look()
  assert.deepEqual([unset.status, /not set up completely/.test(unset.text)], [503, true], unset.text)
  await setItems(marina, { oidc_endpoint: scene.provider.issuer })
})

test('failed sign-ins of one address have to wait, on all processes alike', async () => {
  await using second = await openScene({ env: { MARINA_OIDC_FAILURES: '3' } })
  const wrong = () => second.marina.ask('GET', '/c/oidc/callback?code=x&state=y')
  for (let tries = 0; tries < 3; tries++) assert.equal((await wrong()).status, 400)
  const answer = await wrong()
  assert.deepEqual([answer.status, answer.headers['retry-after']], [429, '900'])
  const uma = givenPerson(second.provider, fresh('uma'))
  const browser = openCookieBrowser()
  await browser.open(await toCallback(browser, second, uma))
  assert.equal(browser.page.status, 429)
})

test('a person of one provider is nobody at another one, even with the same subject', async () => {
  const { marina, provider } = scene
  const vic = givenPerson(provider, fresh('vic'))
  await signIn(scene, vic)
  await using evil = await openTestProvider({ bases: [marina.url] })
  givenPerson(evil, vic)
  await setItems(marina, { oidc_endpoint: evil.issuer, oidc_scope: scopes })
  try {
    const browser = openCookieBrowser()
    await browser.open(await toCallback(browser, scene, vic))
    assert.equal(browser.page.status, 409)
  } finally {
    await setItems(marina, { oidc_endpoint: provider.issuer })
  }
})
