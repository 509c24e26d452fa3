import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { callApi } from '../../testing/api.ts'
import { fresh } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { givenPerson, openScene, sessionOf, setItems, signIn, type OidcScene } from './scene.suite.ts'

let scene: OidcScene
before(async () => {
  scene = await openScene()
})
after(() => scene[Symbol.asyncDispose]())

const asAdmin = async (path: string) =>
  expectAnswer(await callApi(scene.marina, 'GET', path, { as: scene.marina.admin }), 200).json()

test('the provider is tested before it is used', async () => {
  const { marina, provider } = scene
  const ping = (body: unknown) => callApi(marina, 'POST', '/system/oidc/ping', { as: marina.admin, body })
  expectAnswer(await ping({ url: provider.issuer, verify_cert: true }), 200)
  for (const url of [
    `${provider.issuer}/nope`,
    'ldap://x',
    '',
    'http://127.0.0.1:1',
    'http://169.254.169.254/',
    'x y',
  ]) {
    const answer = expectAnswer(await ping({ url, verify_cert: false }), 400, 'BAD_REQUEST')
    assert.match(answer.text, /failed to verify connection/)
  }
  expectAnswer(await ping({}), 400, 'BAD_REQUEST')
  expectAnswer(await ping({ url: provider.issuer, verify_cert: 'x' }), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(await callApi(marina, 'POST', '/system/oidc/ping', { body: {} }), 401, 'UNAUTHORIZED')
})

test('items of OIDC are checked when they are set', async () => {
  const { marina } = scene
  const put = (body: object) => callApi(marina, 'PUT', '/configurations', { as: marina.admin, body })
  const wrong: object[] = [
    { oidc_endpoint: 'x y' },
    { oidc_endpoint: 'ftp://x' },
    { oidc_endpoint: 'https://user:pass@x.example' },
    { oidc_endpoint: 'https://x.example?a=b' },
    { oidc_scope: 'openid,"x' },
    { oidc_groups_claim: 'a\nb' },
    { oidc_group_filter: '(' },
    { oidc_extra_redirect_parms: 'x' },
    { oidc_extra_redirect_parms: '{"a":1}' },
    { oidc_extra_redirect_parms: '{"state":"mine"}' },
    { oidc_extra_redirect_parms: '{"redirect_uri":"https://evil.example"}' },
  ]
  const shown = async () => (await asAdmin('/configurations')) as object
  const before = await shown()
  for (const one of wrong) expectAnswer(await put({ banner_message: 'x', ...one }), 400, 'BAD_REQUEST')
  assert.deepEqual(await shown(), before)
})

test('an administrator sees which claims came, which were used, and what they gave', async () => {
  const { marina, provider } = scene
  const [kept, lost] = [fresh('dev-'), fresh('ops-')]
  await setItems(marina, { oidc_group_filter: '^dev-' })
  try {
    const fay = givenPerson(provider, fresh('fay'), [kept, lost])
    const browser = await signIn(scene, fay)
    const current = await callApi(marina, 'GET', '/users/current', { headers: sessionOf(browser, marina) })
    const { user_id: id } = current.json() as { user_id: number }
    const list = async () => (await asAdmin(`/system/oidc/claims?user_id=${id}`)) as Record<string, unknown>[]
    const [claims] = await list()
    assert.deepEqual(
      [claims!['username'], claims!['subject'], claims!['occasion'], claims!['groups'], claims!['is_admin']],
      [fay, fay, 'login', [kept], false],
    )
    assert.deepEqual(claims!['used'], { username: 'preferred_username', email: 'email', groups: 'groups' })
    assert.match(String(claims!['notes']), /1 groups left out by oidc_group_filter/)
    const given = claims!['claims'] as Record<string, unknown>
    assert.deepEqual(
      [given['groups'], given['email'], given['iss']],
      [[kept, lost], `${fay}@example.com`, provider.issuer],
    )
    for (const secret of ['nonce', 'at_hash', 'access_token', 'refresh_token']) assert.equal(given[secret], undefined)
    const headers = sessionOf(browser, marina)
    expectAnswer(await callApi(marina, 'GET', '/system/oidc/claims', { headers }), 403, 'FORBIDDEN')
    expectAnswer(await callApi(marina, 'DELETE', `/users/${id}`, { as: marina.admin }), 200)
    assert.deepEqual(await list(), [])
  } finally {
    await setItems(marina, { oidc_group_filter: '' })
  }
})
