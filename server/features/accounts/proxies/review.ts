import type { SettingsReader } from '../../settings/index.ts'
import type { Ask } from './ask.ts'

/** Whom a token is for, as the reviewer says; undefined: the token is not valid, or not any more. */
export type Reviewed = { username: string; groups: string[] }

/** How the proxy and its reviewer are reached, and whom they make administrators. */
export type ProxySettings = {
  endpoint: string
  reviewEndpoint: string
  adminGroups: string[]
  adminUsernames: string[]
  verifiesTls: boolean
  /** PEM; undefined trusts the usual authorities. */
  ca: string | undefined
}

export async function readProxySettings(settings: SettingsReader): Promise<ProxySettings> {
  const all = await settings.all()
  const ca = all.http_authproxy_server_certificate.trim()
  return {
    endpoint: all.http_authproxy_endpoint,
    reviewEndpoint: all.http_authproxy_tokenreview_endpoint,
    adminGroups: listIn(all.http_authproxy_admin_groups),
    adminUsernames: listIn(all.http_authproxy_admin_usernames),
    verifiesTls: all.http_authproxy_verify_cert,
    ca: ca === '' ? undefined : ca,
  }
}

const listIn = (text: string): string[] =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')

/** The version of the review that Harbor sends (Kubernetes, authentication.k8s.io). */
const apiVersion = 'authentication.k8s.io/v1beta1'

/** Asks the reviewer about a token: POST of a TokenReview. Throws when it does not answer as one. */
export async function reviewToken(
  ask: Ask,
  { reviewEndpoint, verifiesTls, ca }: ProxySettings,
  token: string,
  signal: AbortSignal,
): Promise<Reviewed | undefined> {
  if (reviewEndpoint === '') throw new Error('http_authproxy_tokenreview_endpoint is not set')
  const { status, body } = await ask({
    url: reviewEndpoint,
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ apiVersion, kind: 'TokenReview', spec: { token } }),
    verifiesTls,
    ...(ca === undefined ? {} : { ca }),
    signal,
  })
  if (status !== 200 && status !== 201) throw new Error(`the token review answered ${status}`)
  const said = (body as { status?: ReviewStatus } | undefined)?.status
  if (said === undefined || typeof said.authenticated !== 'boolean') {
    // Kubernetes leaves the field out for a token that is not valid, and then gives the reason.
    if (typeof said?.error === 'string') return undefined
    throw new Error('the answer of the token review holds no status')
  }
  if (!said.authenticated) return undefined
  const { username, groups = [] } = said.user ?? {}
  if (typeof username !== 'string' || username === '') throw new Error('the token review names no user')
  const names = Array.isArray(groups) ? groups.filter((one): one is string => typeof one === 'string') : []
  return { username, groups: names.filter((one) => one !== '') }
}

type ReviewStatus = { authenticated?: unknown; error?: unknown; user?: { username?: unknown; groups?: unknown } }
