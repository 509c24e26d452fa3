import { X509Certificate } from 'node:crypto'
import { isVisible } from '../../platform/visible.ts'
import { adapterTypes } from './adapters/adapters.ts'
import type { Endpoint } from './store.ts'

/** What an administrator says of an endpoint. `accessSecret` is plain, '' for none. */
export type NewEndpoint = Pick<
  Endpoint,
  'name' | 'description' | 'url' | 'tokenServiceUrl' | 'accessKey' | 'isInsecure' | 'caCertificate'
> & { type: string; credentialType: string; accessSecret: string }

/** An endpoint that passed `endpointProblem`. */
export type CheckedEndpoint = NewEndpoint & Pick<Endpoint, 'type' | 'credentialType'>

const limits = { name: 64, description: 1024, url: 512, key: 1024, secret: 16 * 1024, certificates: 64 * 1024 }

/** Why the endpoint cannot be saved, in Harbor's words where it has some; undefined when it can. */
export function endpointProblem(given: NewEndpoint): string | undefined {
  const { name, description } = given
  if (name === '') return 'name cannot be empty'
  if (name.length > limits.name) return `the max length of name is ${limits.name}`
  if (!isVisible(name)) return 'name must have no control characters and no invisible ones'
  if (description.length > limits.description) return `description must have at most ${limits.description} characters`
  if (description.includes('\0')) return 'description must hold no NUL'
  return addressProblem(given)
}

/** Why an endpoint cannot be tried. The text never holds the secret. */
export function addressProblem(given: Omit<NewEndpoint, 'name' | 'description'>): string | undefined {
  const { type, url, tokenServiceUrl, caCertificate } = given
  if (!adapterTypes.includes(type as never)) return `type must be one of ${adapterTypes.join(', ')}`
  const wrongUrl = urlProblem('url', url) ?? (tokenServiceUrl && urlProblem('token_service_url', tokenServiceUrl))
  return wrongUrl || credentialProblem(given) || certificateProblem(caCertificate)
}

function urlProblem(field: string, url: string): string | undefined {
  if (url === '') return `${field} cannot be empty`
  if (url.length > limits.url) return `${field} must have at most ${limits.url} characters`
  if (!URL.canParse(url)) return `${field} is not a URL: use https://host or https://host:port`
  const { protocol, hostname, username, password } = new URL(url)
  if (!/^https?:$/.test(protocol)) return `invalid HTTP scheme: ${protocol.slice(0, -1)}`
  if (username !== '' || password !== '') return `${field} holds a name or password: they belong into the credential`
  return hostname === '' ? `${field} has no host` : undefined
}

function credentialProblem({ credentialType, accessKey, accessSecret }: Omit<NewEndpoint, 'name' | 'description'>) {
  if (!['', 'basic', 'oauth'].includes(credentialType)) return 'the type of a credential is basic or oauth'
  if (accessKey.length > limits.key) return `access_key must have at most ${limits.key} characters`
  if (accessSecret.length > limits.secret) return `access_secret must have at most ${limits.secret} characters`
  if (/[\r\n\0]/.test(accessKey)) return 'access_key must be one line'
  if (accessSecret.includes('\0')) return 'access_secret must hold no NUL'
  if (credentialType === 'oauth' && accessSecret === '')
    return 'a credential of type oauth needs a refresh token as its access_secret'
  return credentialType === 'basic' && accessKey.includes(':')
    ? 'access_key must hold no colon, as Basic ends the name there (RFC 7617)'
    : undefined
}

function certificateProblem(pem: string): string | undefined {
  if (pem === '') return undefined
  if (pem.length > limits.certificates) return `ca_certificate must have at most ${limits.certificates} characters`
  const all = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (all.length === 0 || !all.every(isCertificate))
    return 'invalid CA certificate: no valid certificates found in PEM data'
  return undefined
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined
  } catch {
    return false
  }
}

/**
 * A URL as it is kept: scheme, host and port. As in Harbor, `http://` stands in for a missing scheme, and blanks, a
 * path and a query are cut off. What is no URL stays as it is, for `endpointProblem`.
 */
export function endpointUrl(given: string): string {
  const text = given.trim()
  const whole = text === '' || /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  if (!URL.canParse(whole)) return whole
  const { protocol, username, password, host } = new URL(whole)
  const login = username || password ? `${username}:${password}@` : ''
  return `${protocol}//${login}${host}`
}
