import type { OutsideProvider, Vouched } from '../outside/provider.ts'
import type { SettingsReader } from '../../settings/index.ts'
import { groupTypes } from '../../user-groups/index.ts'
import type { Ask } from './ask.ts'
import { readProxySettings, reviewToken, type ProxySettings, type Reviewed } from './review.ts'

/** A login name with this before it brings a token of the proxy as its password, as in Harbor. */
const tokenPrefix = 'tokenreview$'

/**
 * The HTTP auth proxy: it checks a name and a password, and a reviewer (Kubernetes TokenReview) says of the token that
 * it gives, or that a client brings, whose it is and in which groups the person is.
 */
export function httpAuthProvider({ settings, ask }: { settings: SettingsReader; ask: Ask }): OutsideProvider {
  return {
    name: 'http',
    title: 'the HTTP auth proxy',
    comment: 'By Authproxy',
    groupType: groupTypes.http,
    followsName: true,
    async logIn(name, password, signal) {
      const proxy = await readProxySettings(settings)
      if (name.startsWith(tokenPrefix)) {
        const wanted = name.slice(tokenPrefix.length)
        const reviewed = await reviewToken(ask, proxy, password, signal)
        return reviewed?.username === wanted ? vouchedOf(proxy, wanted, reviewed, password) : undefined
      }
      const token = await logInAtProxy(ask, proxy, { name, password }, signal)
      const reviewed = token === undefined ? undefined : await reviewToken(ask, proxy, token, signal)
      // As in Harbor: the proxy takes names as the person types them, and all spellings are one account.
      return reviewed && vouchedOf(proxy, name.toLowerCase(), reviewed, token)
    },
    async search(name) {
      // The proxy cannot be asked for a person: with this setting every name counts as one.
      if (!(await settings.get('http_authproxy_skip_search'))) return undefined
      const wanted = name.toLowerCase()
      return vouchedOf(await readProxySettings(settings), wanted, { username: wanted, groups: [] })
    },
    async refresh({ name, secret }, signal) {
      const proxy = await readProxySettings(settings)
      const reviewed = secret === null ? undefined : await reviewToken(ask, proxy, secret, signal)
      // A token that has ended says nothing of the person: nobody else could be asked about an account by its name.
      return reviewed && secret !== null ? vouchedOf(proxy, name, reviewed, secret) : 'unknown'
    },
  }
}

/** The token that the proxy gives for a name and a password; undefined when they are wrong. */
async function logInAtProxy(
  ask: Ask,
  { endpoint, verifiesTls, ca }: ProxySettings,
  { name, password }: { name: string; password: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  if (endpoint === '') throw new Error('http_authproxy_endpoint is not set')
  // RFC 7617, 2: the first colon ends the name.
  if (name.includes(':')) return undefined
  const { status, body } = await ask({
    url: endpoint,
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` },
    verifiesTls,
    ...(ca === undefined ? {} : { ca }),
    signal,
  })
  if (status === 401) return undefined
  if (status !== 200) throw new Error(`the HTTP auth proxy answered ${status}`)
  const token = (body as { session_id?: unknown } | undefined)?.session_id
  if (typeof token !== 'string' || token === '')
    throw new Error('the answer of the HTTP auth proxy holds no session_id')
  return token
}

function vouchedOf(proxy: ProxySettings, name: string, { username, groups }: Reviewed, token?: string): Vouched {
  const { endpoint, reviewEndpoint, adminGroups, adminUsernames } = proxy
  return {
    issuer: endpoint || reviewEndpoint,
    subject: username,
    username: name,
    email: name.includes('@') ? name : null,
    realName: name,
    groups: groups.map((group) => ({ name: group })),
    isAdmin: adminUsernames.includes(username) || groups.some((group) => adminGroups.includes(group)),
    secret: token,
  }
}
