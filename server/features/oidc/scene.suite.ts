import assert from 'node:assert/strict'
import type { Configuration } from 'oidc-provider'
import { callApi } from '../../testing/api.ts'
import { openCookieBrowser, type CookieBrowser } from '../../testing/cookie-browser.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openTestProvider, type TestProvider } from '../../testing/oidc-provider.ts'
import { openTestMarina, type TestMarina, type TestSettings } from '../../testing/server.ts'
import type { Log } from '../../platform/observe/log.ts'

export const scopes = 'openid,profile,email,groups,offline_access'

export type OidcScene = AsyncDisposable & { marina: TestMarina; provider: TestProvider }

/** Limits that a busy machine does not reach. */
export const patient = { MARINA_OIDC_TIMEOUT: '1m', MARINA_IDENTITY_ANSWER: '1m' } as const

/** A Marina whose people sign in at a provider of their own, which all know each other. */
export async function openScene(
  { env = {}, items = {}, more = {} }: { env?: TestSettings; items?: object; more?: Partial<Configuration> } = {},
  log?: Log,
): Promise<OidcScene> {
  await using opened = new AsyncDisposableStack()
  const marina = opened.use(await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1', ...patient, ...env }, log))
  const provider = opened.use(await openTestProvider({ bases: [marina.url], more }))
  await setItems(marina, {
    auth_mode: 'oidc_auth',
    oidc_name: 'Test ID',
    oidc_endpoint: provider.issuer,
    oidc_client_id: provider.client.id,
    oidc_client_secret: provider.client.secret,
    oidc_scope: scopes,
    oidc_groups_claim: 'groups',
    oidc_user_claim: 'preferred_username',
    oidc_admin_group: 'registry-admins',
    oidc_auto_onboard: true,
    // The provider gives a refresh token for consent alone (OpenID Connect Core, 11).
    oidc_extra_redirect_parms: '{"prompt":"consent"}',
    ...items,
  })
  const kept = opened.move()
  return { marina, provider, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

export async function setItems(marina: TestMarina, items: object): Promise<void> {
  expectAnswer(await callApi(marina, 'PUT', '/configurations', { as: marina.admin, body: items }), 200)
}

/** Makes a person at the provider; the login name is the subject, and the name is the one of the account. */
export function givenPerson(provider: TestProvider, name: string, groups: string[] = [], more: object = {}): string {
  provider.people.set(name, {
    name: `Person ${name}`,
    preferred_username: name,
    email: `${name}@example.com`,
    groups,
    ...more,
  })
  return name
}

/** Whether a URL is that of Marina's callback. */
export const isCallback = (url: string) => new URL(url).pathname === '/c/oidc/callback'

/** Goes through the provider's forms, up to the URL of the callback, which is not opened yet. */
export async function toCallback(
  browser: CookieBrowser,
  { marina }: Pick<OidcScene, 'marina'>,
  person: string,
  query = '',
): Promise<string> {
  await browser.open(`${marina.url}/c/oidc/login${query}`, isCallback)
  for (let forms = 0; !isCallback(browser.url); forms++) {
    assert.ok(forms < 4, `no way to the callback, at ${browser.url}: ${browser.page.text.slice(0, 300)}`)
    await browser.submit({ login: person, password: 'any' }, isCallback)
  }
  return browser.url
}

/** Signs a person in with a new browser, and opens what the callback leads to. */
export async function signIn(scene: Pick<OidcScene, 'marina'>, person: string, query = ''): Promise<CookieBrowser> {
  const browser = openCookieBrowser()
  await browser.open(await toCallback(browser, scene, person, query), (url) => !isCallback(url))
  return browser
}

/** The headers by which a browser's session is told. */
export const sessionOf = (browser: CookieBrowser, { url }: Pick<TestMarina, 'url'>) => ({
  cookie: browser.cookies(`${url}/`),
})
