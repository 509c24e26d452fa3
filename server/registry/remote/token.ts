import { failed } from './answers.ts'
import { askWhole } from './ask.ts'
import { RemoteFailed } from './failed.ts'
import type { Line, Question } from './line.ts'
import type { Proof } from './types.ts'

/** A token service, as a Bearer challenge names it (distribution, "Token Authentication Specification"). */
export type Service = {
  realm: string
  service: string | undefined
  scope: string | undefined
  /** The registry that named it lies inside. */
  isInside: boolean
}

/** `renewAt`: on the clock of `performance.now()`, in ms. */
export type Token = { token: string; renewAt: number }

/** "If omitted, this defaults to 60 seconds" (distribution, "Token Authentication Specification"). */
const defaultSeconds = 60

/** The most of its life before its end that a token is no longer used: the clocks of two machines differ. */
const skew = { share: 0.2, mostMs: 30_000 }

/**
 * Asks the token service for a token: by GET with name and password or anonymously, by POST with a refresh token, and
 * by POST with name and password where the service has no GET (distribution, "Token OAuth2").
 */
export async function askToken(
  line: Line,
  service: Service,
  scopes: string[],
  proof: Proof | undefined,
): Promise<Token> {
  const realm = realmOf(line, service, proof)
  const { isOwn, url } = realm
  // Where a public registry sends a credential must be public, too.
  const reach = isOwn || service.isInside ? ('endpoint' as const) : ('onward' as const)
  const shared = { reach, isRepeatable: true, redirects: 0, expects: [200] }
  if (proof?.kind === 'refresh') return readToken(line, { ...shared, ...post(url, service, scopes, proof) })
  const get = { ...shared, ...byGet(url, service, scopes, proof) }
  try {
    return await readToken(line, get)
  } catch (error) {
    const hasNoGet = error instanceof RemoteFailed && [404, 405].includes(error.failure.answered ?? 0)
    if (!hasNoGet || proof?.kind !== 'basic') throw error
    return readToken(line, { ...shared, ...post(url, service, scopes, proof) })
  }
}

/** The token service's URL, and whether it is the administrator's or the registry's own. */
function realmOf(line: Line, { realm }: Service, proof: Proof | undefined): { url: URL; isOwn: boolean } {
  const { endpoint, base } = line
  const text = endpoint.tokenServiceUrl ?? realm
  const question = { method: 'GET', url: `${base}/v2/` }
  if (!URL.canParse(text, base)) {
    throw failed(line, question, 'not-a-registry', 'it names a token service whose URL cannot be read')
  }
  const url = new URL(text, base)
  const isOwn = endpoint.tokenServiceUrl !== undefined || url.origin === new URL(base).origin
  const isPlain = url.protocol === 'http:' && base.startsWith('https:')
  if (proof && isPlain && !isOwn && endpoint.insecure !== true) {
    const why = `its token service ${url.origin} would get the credential unencrypted: allow that with insecure`
    throw failed(line, question, 'refused', why)
  }
  return { url, isOwn }
}

function byGet(url: URL, { service }: Service, scopes: string[], proof: Proof | undefined) {
  const asked = new URL(url)
  if (service) asked.searchParams.set('service', service)
  for (const scope of scopes) asked.searchParams.append('scope', scope)
  if (proof?.kind !== 'basic') return { method: 'GET', url: asked.href }
  asked.searchParams.set('account', proof.username)
  const word = Buffer.from(`${proof.username}:${proof.password}`).toString('base64')
  return { method: 'GET', url: asked.href, authorization: `Basic ${word}` }
}

function post(url: URL, { service = '' }: Service, scopes: string[], proof: Exclude<Proof, { kind: 'bearer' }>) {
  const grant: Record<string, string> =
    proof.kind === 'refresh'
      ? { grant_type: 'refresh_token', refresh_token: proof.token }
      : { grant_type: 'password', username: proof.username, password: proof.password }
  const form = { ...grant, service, client_id: 'marina', access_type: 'online', scope: scopes.join(' ') }
  return {
    method: 'POST',
    url: url.href,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  }
}

async function readToken(line: Line, question: Question): Promise<Token> {
  const { content } = await askWhole(line, question).catch((error: unknown) => {
    // RFC 6749, 5.2: an OAuth 2.0 server refuses a grant with 400.
    if (!(error instanceof RemoteFailed) || error.failure.answered !== 400) throw error
    throw failed(line, question, 'unauthorized', 'the token service refuses the credential: check name and secret', {
      answered: 400,
      cause: error,
    })
  })
  const body = objectOf(content.toString())
  const token = body?.['token'] || body?.['access_token']
  // A token is sent in a header: RFC 6750, 2.1 (b64token), and no more than a header may hold.
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,65536}$/.test(token)) {
    throw failed(line, question, 'not-a-registry', 'the token service answers without a token: check its URL')
  }
  const seconds = Number(body!['expires_in'] ?? defaultSeconds)
  const lifeMs = (seconds > 0 ? seconds : defaultSeconds) * 1000
  return { token, renewAt: performance.now() + lifeMs - Math.min(lifeMs * skew.share, skew.mostMs) }
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
