import { after } from 'node:test'
import { callApi, type CallOptions } from '../../testing/api.ts'
import type { Certificate } from '../../testing/certificate.ts'
import { openTestDirectory, passwordOf } from '../../testing/directory.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { openTestMarina, type TestSettings } from '../../testing/server.ts'

/** A Marina whose people are those of a slapd; both are closed after the file's tests. */
export async function openLdapScene(settings: TestSettings = {}, tls?: Certificate) {
  const opened = new AsyncDisposableStack()
  after(() => opened.disposeAsync())
  const directory = opened.use(await openTestDirectory(tls))
  const marina = opened.use(await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1,::1', ...settings }))
  const api = (method: string, path: string, options?: CallOptions) => callApi(marina, method, path, options)
  const set = async (body: object) => {
    expectAnswer(await api('PUT', '/configurations', { as: marina.admin, body }), 200)
  }
  await set({ auth_mode: 'ldap_auth', ...directory.items })
  /** Somebody of the directory, with the password that they have there. */
  const of = (name: string, password = passwordOf(name)): Person => ({ kind: 'user', id: 0, name, password })
  return { marina, directory, api, set, of }
}
