import { decodeJwt } from 'jose'
import assert from 'node:assert/strict'
import pino from 'pino'
import { callApi } from '../../testing/api.ts'
import { openCookieBrowser } from '../../testing/cookie-browser.ts'
import { fresh } from '../../testing/given.ts'
import type { Fault, TestProvider } from '../../testing/oidc-provider.ts'
import type { TestSettings } from '../../testing/server.ts'
import { givenPerson, openScene, setItems, toCallback, type OidcScene } from './scene.suite.ts'

export type FaultScene = OidcScene & {
  /** The lines of Marina's log. */
  lines: string[]
  /** Tries to sign in under a fault. Nobody gets in, the person reads a sentence, and the log has the reason. */
  refused(fault: Fault | Fault[], reason: RegExp, status?: number): Promise<void>
  /** Makes Marina forget how the provider describes itself. */
  forget(): Promise<void>
  /** Neither the log nor a page shows a token, a code, or the secret of the client. */
  holdsNoSecret(text: string): void
}

export async function openFaultScene(more: TestSettings = {}): Promise<FaultScene> {
  const lines: string[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
  const env = { MARINA_LOG_LEVEL: 'info', MARINA_OIDC_FAILURES: '0', ...more } as const
  const scene = await openScene({ env }, log)
  const { marina, provider } = scene
  const holdsNoSecret = (text: string) => {
    assert.equal(text.includes(provider.client.secret), false)
    assert.doesNotMatch(text, /eyJ[\w-]{10,}/)
    assert.doesNotMatch(text, /[?&]code=/)
  }
  return {
    ...scene,
    lines,
    holdsNoSecret,
    async refused(fault, reason, status = 400) {
      const person = givenPerson(provider, fresh('mallory'))
      const browser = openCookieBrowser()
      const from = lines.length
      provider.faults.push(...[fault].flat())
      try {
        await browser.open(await toCallback(browser, scene, person))
      } finally {
        provider.faults.splice(0)
      }
      const { status: shown, text } = browser.page
      assert.equal(shown, status, `${lines.slice(from).join('')} ${text}`)
      assert.match(text, /<h1>You are not signed in<\/h1>/)
      assert.doesNotMatch(browser.cookies(marina.url), /\bsid=/)
      const users = await callApi(marina, 'GET', `/users?q=username=${person}`, { as: marina.admin })
      assert.deepEqual(users.json(), [])
      const told = lines.slice(from).find((line) => line.includes('nobody signed in through OIDC'))
      assert.ok(told, 'the log has no line about it')
      assert.match((JSON.parse(told) as { reason: string }).reason, reason)
      holdsNoSecret(lines.slice(from).join(''))
    },
    async forget() {
      await setItems(marina, { oidc_client_secret: 'another' })
      assert.equal((await marina.ask('GET', '/c/oidc/login')).status, 302)
      await setItems(marina, { oidc_client_secret: provider.client.secret })
    },
  }
}

export const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Changes the claims of the ID token that the provider issues, and signs them as it would. */
export const withClaims = (
  provider: TestProvider,
  change: (claims: Record<string, unknown>) => object,
  options: { isStrange?: boolean } = {},
): Fault => ({
  path: '/token',
  change: async (body) => {
    const claims = decodeJwt(String(body['id_token'])) as Record<string, unknown>
    return { ...body, id_token: await provider.sign({ ...claims, ...change(claims) }, options) }
  },
})

/** Puts another token in the place of the ID token, made of its payload. */
export const withToken = (make: (payload: string) => string): Fault => ({
  path: '/token',
  change: (body) => ({ ...body, id_token: make(String(body['id_token']).split('.')[1]!) }),
})
