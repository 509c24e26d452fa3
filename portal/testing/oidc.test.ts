import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { callApi } from '../../server/testing/api.ts'
import { openBrowser, openVisitor } from '../../server/testing/browser.ts'
import { expectAnswer } from '../../server/testing/http.ts'
import { openTestProvider } from '../../server/testing/oidc-provider.ts'
import { openTestMarina } from '../../server/testing/server.ts'

const opened = new AsyncDisposableStack()
after(() => opened.disposeAsync())
const marina = opened.use(await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1' }))
const provider = opened.use(await openTestProvider({ bases: [marina.url] }))
const set = async (body: object) =>
  void expectAnswer(await callApi(marina, 'PUT', '/configurations', { as: marina.admin, body }), 200)
await set({
  auth_mode: 'oidc_auth',
  oidc_name: 'Test ID',
  oidc_endpoint: provider.issuer,
  oidc_client_id: provider.client.id,
  oidc_client_secret: provider.client.secret,
  oidc_scope: 'openid,profile,email,groups,offline_access',
  oidc_user_claim: 'preferred_username',
  oidc_groups_claim: 'groups',
  oidc_admin_group: 'registry-admins',
  oidc_extra_redirect_parms: '{"prompt":"consent"}',
})

/** Makes a person at the provider; the login name is the subject, and the name that is proposed here. */
function givenPerson(name: string, groups: string[], more: object = {}): string {
  const email = `${name}@example.com`
  provider.people.set(name, { name: `Person ${name}`, preferred_username: name, email, groups, ...more })
  return name
}

const browser = opened.adopt(await openBrowser(), (one) => one.close())

/** A browser that reaches this machine alone: the provider's forms would load a font from elsewhere. */
async function visit(look: Partial<Parameters<typeof openVisitor>[1]> = {}) {
  const visitor = await openVisitor(browser, { url: marina.url, ...look })
  await visitor.context.route(
    (url) => url.hostname !== '127.0.0.1',
    (route) => route.abort(),
  )
  return visitor
}

/** Goes through the provider's forms. */
async function passProvider(page: Page, person: string): Promise<void> {
  await page.locator('input[name="login"]').fill(person)
  await page.locator('input[name="password"]').fill('any')
  await page.locator('button[type="submit"]').click()
  await page.getByRole('button', { name: 'Continue' }).click()
}

/** What Chromium notes while it is at the provider is not Marina's. */
const ofMarina = (complaints: string[]) =>
  complaints.filter((one) => !one.includes(provider.issuer) && !/^foreign request|ERR_FAILED/.test(one))

suite('signing in by an OpenID provider', () => {
  test('the first sign-in asks for a name; the account has no password here, and a CLI secret that works', async () => {
    const person = givenPerson('ann', ['builders'])
    await using visitor = await visit()
    const { page, complaints } = visitor
    await visitor.go('/login?next=/projects')
    assert.equal(await page.getByLabel('Password').isVisible(), false)
    assert.deepEqual(await visitor.findBarriers(), [])
    await page.getByRole('link', { name: 'Sign in with Test ID' }).click()
    await passProvider(page, person)
    await page.getByRole('heading', { name: 'Choose a name', level: 1 }).waitFor()
    const name = page.getByLabel('Name (required)')
    assert.equal(await name.inputValue(), 'ann')
    assert.deepEqual(await visitor.findBarriers(), [])
    await name.fill('a:b')
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('A name holds none of').waitFor()
    await name.fill(marina.admin.name)
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('This name or e-mail address is in use already.').waitFor()
    assert.ok(ofMarina(complaints.splice(0)).every((one) => one.includes('409')))
    await name.fill('ann-b')
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByRole('heading', { name: 'Projects', level: 1 }).waitFor()
    await page.getByRole('button', { name: 'Account: ann-b' }).waitFor()

    await visitor.go('/profile')
    await page.getByText('of the identity provider').waitFor()
    assert.equal(await page.getByLabel('Present password').count(), 0)
    assert.deepEqual(await visitor.findBarriers(), [])
    await page.getByRole('button', { name: 'Make a new CLI secret' }).click()
    const secret = (await page.locator('.secret').textContent())!
    await page.getByRole('button', { name: 'I have copied it' }).click()
    const by = { kind: 'user', id: 0, name: 'ann-b', password: secret } as const
    expectAnswer(await marina.ask('GET', '/v2/', { as: by }), 200)
    assert.deepEqual(ofMarina(complaints), [])

    await page.getByRole('button', { name: 'Account: ann-b' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('link', { name: 'Sign in' }).first().waitFor()
    assert.equal((await visitor.context.request.get('/api/v2.0/users/current')).status(), 401)
  })

  test('where the provider comes first, the sign-in leads there, and the administrator has a way past it', async () => {
    await set({ primary_auth_mode: true })
    await using visitor = await visit()
    const { page } = visitor
    await page.goto('/login')
    await page.locator('input[name="login"]').waitFor()
    assert.equal(new URL(page.url()).origin, provider.issuer)
    await visitor.go('/login?local')
    await page.getByLabel('Name').fill(marina.admin.name)
    await page.getByLabel('Password').fill(marina.admin.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: `Account: ${marina.admin.name}` }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor()
    assert.equal(new URL(page.url()).origin, marina.url)
    await set({ primary_auth_mode: false })
  })

  test('administrators try the provider, and see which claims came and what they gave', async () => {
    const person = givenPerson('bea', ['builders', 'registry-admins'], {
      note: '<img src=x onerror=alert(1)>',
    })
    await using first = await visit()
    await first.page.goto('/c/oidc/login')
    await passProvider(first.page, person)
    await first.page.getByRole('button', { name: 'Go on' }).click()
    await first.page.getByRole('button', { name: 'Account: bea' }).waitFor()

    await using visitor = await visit({ as: marina.admin, language: 'de' })
    const { page, complaints } = visitor
    await visitor.go('/settings/sign-in')
    await page.getByText('OIDC: Single Sign-on').waitFor()
    await page.getByRole('region', { name: 'Redirect-URI' }).getByText('/c/oidc/callback').waitFor()
    await page.getByRole('button', { name: 'Testen' }).click()
    await page.getByText('Der Anbieter antwortet und beschreibt sich.').waitFor()
    await page.locator('#setting-oidc_endpoint').fill(`${provider.issuer}/nope`)
    await page.getByRole('button', { name: 'Testen' }).click()
    await page.getByRole('alert').waitFor()
    assert.ok(complaints.splice(0).every((one) => one.includes('400')))
    assert.equal(await page.locator('#setting-oidc_client_secret').inputValue(), '')
    assert.deepEqual(await visitor.findBarriers(), [])
    await page.getByRole('button', { name: 'bea', exact: true }).click()
    const drawer = page.getByRole('dialog', { name: 'Claims von bea' })
    await drawer.getByText('ja, durch die Gruppe der Administratoren').waitFor()
    await drawer.getByText('builders').first().waitFor()
    assert.equal(await drawer.locator('img').count(), 0)
    assert.deepEqual(await visitor.findBarriers(), [])
    assert.deepEqual(complaints, [])
  })
})
