import type { OutsideProvider, Vouched } from '../outside/provider.ts'
import type { SettingsReader } from '../../settings/index.ts'
import { groupTypes } from '../../user-groups/index.ts'
import type { Ask } from './ask.ts'

type UaaSettings = { endpoint: string; clientId: string; clientSecret: string; verifiesTls: boolean }

async function readUaaSettings(settings: SettingsReader): Promise<UaaSettings> {
  const all = await settings.all()
  const endpoint = all.uaa_endpoint.replace(/\/+$/, '')
  if (endpoint === '') throw new Error('uaa_endpoint is not set')
  const { uaa_client_id: clientId, uaa_client_secret: clientSecret, uaa_verify_cert: verifiesTls } = all
  return { endpoint, clientId, clientSecret, verifiesTls }
}

/**
 * Cloud Foundry's UAA: OAuth 2 password grant (RFC 6749, 4.3), /userinfo (OpenID Connect Core, 5.3), and the list of
 * users (SCIM 1.1) with a token of the client. It says nothing of groups and administrators, as in Harbor.
 */
export function uaaProvider({ settings, ask }: { settings: SettingsReader; ask: Ask }): OutsideProvider {
  return {
    name: 'uaa',
    title: 'UAA',
    comment: 'From UAA',
    groupType: groupTypes.http,
    followsName: true,
    async logIn(name, password, signal) {
      const uaa = await readUaaSettings(settings)
      const grant = { grant_type: 'password', username: name, password }
      const token = await askToken(ask, uaa, grant, signal)
      return token === undefined ? undefined : vouchedOf(uaa, name, await askUserInfo(ask, uaa, token, signal))
    },
    async search(name, signal) {
      const found = await lookUp(name, signal)
      return typeof found === 'string' ? undefined : found
    },
    refresh: ({ name }, signal) => lookUp(name, signal),
  }

  async function lookUp(name: string, signal: AbortSignal): Promise<Vouched | 'gone' | 'unknown'> {
    const uaa = await readUaaSettings(settings)
    const token = await askToken(ask, uaa, { grant_type: 'client_credentials' }, signal)
    if (token === undefined) throw new Error('UAA gives this client no token of its own')
    return findUser(ask, uaa, { name, token }, signal)
  }
}

const pathOf = ({ verifiesTls }: UaaSettings, signal: AbortSignal) => ({ verifiesTls, signal })

/** A token for a grant; undefined when the person's name or password is wrong. */
async function askToken(
  ask: Ask,
  uaa: UaaSettings,
  grant: Record<string, string>,
  signal: AbortSignal,
): Promise<string | undefined> {
  // RFC 6749, 2.3.1: both are form-encoded before they become a Basic header.
  const [id, secret] = [uaa.clientId, uaa.clientSecret].map(encodeURIComponent)
  const { status, body } = await ask({
    url: `${uaa.endpoint}/oauth/token`,
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    },
    body: new URLSearchParams(grant).toString(),
    ...pathOf(uaa, signal),
  })
  const said = (body ?? {}) as Record<string, unknown>
  if (status === 200 && typeof said['access_token'] === 'string') return said['access_token']
  // UAA answers 401 `unauthorized`, others 400 `invalid_grant` (RFC 6749, 5.2). A wrong client is no wrong person.
  const isWrong =
    (status === 401 && said['error'] === 'unauthorized') || (status === 400 && said['error'] === 'invalid_grant')
  if (isWrong) return undefined
  const why = typeof said['error'] === 'string' ? `: ${said['error'].slice(0, 100)}` : ''
  throw new Error(`UAA answered ${status} to a request for a token${why}`)
}

type UserInfo = { id?: string; email?: string; realName?: string }

/** What UAA tells of a person; nothing when the client may not ask, as Harbor then goes on with the name alone. */
async function askUserInfo(ask: Ask, uaa: UaaSettings, token: string, signal: AbortSignal): Promise<UserInfo> {
  const { status, body } = await ask({
    url: `${uaa.endpoint}/userinfo`,
    method: 'GET',
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    ...pathOf(uaa, signal),
  })
  if (status === 401 || status === 403) return {}
  if (status !== 200 || typeof body !== 'object' || body === null)
    throw new Error(`UAA answered ${status} to /userinfo`)
  const { user_id: id, email, name } = body as Record<string, unknown>
  return withTexts({ id, email, realName: name })
}

/** The person of a name in the list of users; 'gone' when it is not there or not active. */
async function findUser(
  ask: Ask,
  uaa: UaaSettings,
  { name, token }: { name: string; token: string },
  signal: AbortSignal,
): Promise<Vouched | 'gone' | 'unknown'> {
  const filter = encodeURIComponent(`userName eq ${JSON.stringify(name)}`)
  const { status, body } = await ask({
    url: `${uaa.endpoint}/Users?filter=${filter}&count=2`,
    method: 'GET',
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    ...pathOf(uaa, signal),
  })
  // The client may check passwords, and may not list users: the person may be there or not.
  if (status === 401 || status === 403) return 'unknown'
  const found = (body as { resources?: unknown } | undefined)?.resources
  if (status !== 200 || !Array.isArray(found)) throw new Error(`UAA answered ${status} to /Users`)
  const [user, another] = found as Record<string, unknown>[]
  if (another) throw new Error('UAA has several users of this name')
  if (!user || user['active'] === false) return 'gone'
  const { id, emails, name: parts } = user
  const [email] = Array.isArray(emails) ? (emails as { value?: unknown }[]) : []
  const { givenName = '', familyName = '' } = (parts ?? {}) as Record<string, unknown>
  const realName = [givenName, familyName].filter((one) => typeof one === 'string' && one !== '').join(' ')
  return vouchedOf(uaa, name, withTexts({ id, email: email?.value, realName: realName || undefined }))
}

/** The fields that are texts. */
const withTexts = (given: Record<keyof UserInfo, unknown>): UserInfo =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => typeof value === 'string' && value !== ''))

function vouchedOf({ endpoint }: UaaSettings, name: string, { id, email, realName }: UserInfo): Vouched {
  return {
    issuer: endpoint,
    subject: id ?? name,
    username: name,
    email: email ?? (name.includes('@') ? name : null),
    realName: realName ?? name,
    groups: [],
    isAdmin: false,
  }
}
