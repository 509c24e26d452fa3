import { createHash } from 'node:crypto'
import { compactVerify, createRemoteJWKSet, customFetch as keysFetch, errors, jwtVerify, type JWTPayload } from 'jose'
import * as client from 'openid-client'
import type { Outbound } from '../../platform/outbound/outbound.ts'
import { mergeClaims, type Claims } from './claims.ts'
import { openFetch, type Fetch, type FetchLimits } from './http.ts'
import { troubleOf } from './trouble-of.ts'
import { OidcTrouble } from './trouble.ts'

/** How the provider is reached, and who Marina is there. */
export type ProviderSettings = {
  endpoint: string
  clientId: string
  clientSecret: string
  verifiesTls: boolean
}

/** What must come back unchanged from the browser and the provider (RFC 6749, 10.12; RFC 7636; OpenID Connect Core). */
export type Checks = { state: string; nonce: string; verifier: string }

/** What the provider said of a person, after every check. */
export type Said = {
  issuer: string
  subject: string
  claims: Claims
  /** The provider's own session (OpenID Connect Front- and Back-Channel Logout), if it names one. */
  sid: string | undefined
  idToken: string | undefined
  refreshToken: string | undefined
}

/** Signatures of the provider: asymmetric only, so neither `none` nor an HMAC with the client's secret counts. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

/** For how long keys are kept, and how often an unknown key may make Marina ask for them anew, in ms. */
const keysKeptMs = 5 * 60_000
const keysAgainMs = 2000
/** How far the clocks of Marina and the provider may differ, in s. */
const toleranceSeconds = 30

export type Provider = {
  issuer: string
  /** The URL to which the browser is sent to sign in. */
  signInUrl(wanted: SignIn): URL
  /** The URL that ends the session at the provider; undefined when the provider has none. */
  signOutUrl(parameters: Record<string, string>): URL | undefined
  /** Exchanges the code that the browser brought. Throws OidcTrouble. */
  redeem(returned: URL, checks: Checks, needed: { groupsClaim: string }): Promise<Said>
  /**
   * Asks for the person's claims anew; `keep` is told of a new refresh token first. Throws OidcTrouble, with the code
   * `invalid_grant` when the provider takes the token no more.
   */
  refresh(
    refreshToken: string,
    subject: string,
    needed: { groupsClaim: string },
    keep: (refreshToken: string) => Promise<void>,
  ): Promise<Said>
  /** Checks signature, issuer, audience and times of a logout token. Throws OidcTrouble. */
  verifyLogout(token: string): Promise<JWTPayload>
}

export type SignIn = { redirectUri: string; scope: string; checks: Checks; extra: Record<string, string> }

/**
 * Reads the provider's description (OpenID Connect Discovery 1.0) and returns what can be done with it. Plain HTTP is
 * for an endpoint that says so itself, as a test on loopback does. Throws OidcTrouble.
 */
export async function discover(settings: ProviderSettings, outbound: Outbound, limits: FetchLimits): Promise<Provider> {
  const doing = `the OIDC provider ${settings.endpoint} cannot be used`
  try {
    const fetch = openFetch(outbound, settings.verifiesTls, limits)
    const server = new URL(settings.endpoint)
    const { clientId, clientSecret } = settings
    const isPlain = server.protocol === 'http:'
    const config = await client.discovery(
      server,
      clientId,
      { [client.clockTolerance]: toleranceSeconds },
      clientSecret === '' ? client.None() : bySupported(clientSecret),
      {
        [client.customFetch]: fetch as unknown as client.CustomFetch,
        // The limit of `fetch` comes first.
        timeout: (limits.timeoutMs * 2) / 1000,
        ...(isPlain ? { execute: [client.allowInsecureRequests] } : {}),
      },
    )
    return providerOf(config, clientId, fetch, isPlain, limits)
  } catch (error) {
    throw troubleOf(error, doing)
  }
}

/** `client_secret_basic`, which the specification takes for granted, unless the provider only knows the other way. */
function bySupported(secret: string): client.ClientAuth {
  const [basic, post] = [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)]
  return (server, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const isPost = !methods.includes('client_secret_basic') && methods.includes('client_secret_post')
    return (isPost ? post : basic)(server, ...rest)
  }
}

type Opened = { config: client.Configuration; keys: Keys }

function providerOf(
  config: client.Configuration,
  clientId: string,
  fetch: Fetch,
  isPlain: boolean,
  limits: FetchLimits,
): Provider {
  const server = config.serverMetadata()
  const opened = { config, keys: openKeys(server.jwks_uri, fetch, isPlain, limits) }
  return {
    issuer: server.issuer,
    signInUrl: (wanted) => signInUrl(config, wanted),
    signOutUrl: (parameters) =>
      server.end_session_endpoint === undefined ? undefined : client.buildEndSessionUrl(config, parameters),
    redeem: (returned, checks, { groupsClaim }) =>
      explaining('the sign-in failed', async () => {
        const answer = await client.authorizationCodeGrant(config, returned, {
          pkceCodeVerifier: checks.verifier,
          expectedState: checks.state,
          expectedNonce: checks.nonce,
          idTokenExpected: true,
        })
        return saidBy(opened, answer, undefined, groupsClaim)
      }),
    refresh: (refreshToken, subject, { groupsClaim }, keep) =>
      explaining('the refresh failed', async () => {
        const answer = await client.refreshTokenGrant(config, refreshToken)
        if (answer.refresh_token !== undefined) await keep(answer.refresh_token)
        return saidBy(opened, answer, subject, groupsClaim)
      }),
    verifyLogout: (token) =>
      explaining('the logout token is refused', async () => {
        const { issuer } = server
        const options = { algorithms, issuer, audience: clientId, clockTolerance: toleranceSeconds }
        return (await jwtVerify(token, opened.keys, options)).payload
      }),
  }
}

/** Throws OidcTrouble in place of what the libraries throw. */
async function explaining<Result>(doing: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw troubleOf(error, doing)
  }
}

/** What tokens say, with the claims of the userinfo endpoint. `subject`: the person whom they have to be about. */
async function saidBy(
  { config, keys }: Opened,
  answer: Tokens,
  subject: string | undefined,
  groupsClaim: string,
): Promise<Said> {
  if (answer.id_token !== undefined) await verifySignature(answer.id_token, keys)
  const idClaims = (answer.claims() as Claims | undefined) ?? {}
  const known = subject ?? String(idClaims['sub'])
  if (answer.id_token !== undefined && idClaims['sub'] !== known)
    throw new OidcTrouble('invalid', 'the new ID token is about another person')
  const info = await userInfoOf(config, answer.access_token, known, groupsClaim === '' || groupsClaim in idClaims)
  const claims = mergeClaims({ iss: config.serverMetadata().issuer, sub: known, ...idClaims }, info)
  const sid = idClaims['sid']
  return {
    issuer: String(claims['iss']),
    subject: known,
    claims,
    sid: typeof sid === 'string' ? sid : undefined,
    idToken: answer.id_token,
    refreshToken: answer.refresh_token,
  }
}

type Tokens = client.TokenEndpointResponse & client.TokenEndpointResponseHelpers
type Keys = ReturnType<typeof createRemoteJWKSet>

/** The provider's keys (RFC 7517), fetched when they are needed, and anew when one is not among them. */
function openKeys(url: string | undefined, fetch: Fetch, isPlain: boolean, { timeoutMs }: FetchLimits): Keys {
  if (url === undefined || !URL.canParse(url)) throw new OidcTrouble('invalid', 'it names no jwks_uri')
  const place = new URL(url)
  if (place.protocol !== 'https:' && !isPlain) throw new OidcTrouble('invalid', 'its jwks_uri is not https')
  return createRemoteJWKSet(place, {
    [keysFetch]: fetch,
    timeoutDuration: timeoutMs * 2,
    cooldownDuration: keysAgainMs,
    cacheMaxAge: keysKeptMs,
  })
}

/** The library has checked issuer, audience, times and nonce, and leaves the signature to TLS; it is checked here. */
async function verifySignature(idToken: string, keys: Keys): Promise<void> {
  try {
    await compactVerify(idToken, keys, { algorithms })
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey)
      throw new OidcTrouble('invalid', 'the ID token is signed by a key that the provider does not publish')
    throw troubleOf(error, 'the signature of the ID token cannot be checked')
  }
}

/**
 * The claims of the userinfo endpoint; undefined when there is none, or when it fails and the ID token has all that is
 * needed. Groups that cannot be read must not look like no groups.
 */
async function userInfoOf(
  config: client.Configuration,
  accessToken: string,
  subject: string,
  isEnoughWithout: boolean,
): Promise<Claims | undefined> {
  if (config.serverMetadata().userinfo_endpoint === undefined) return undefined
  try {
    return await client.fetchUserInfo(config, accessToken, subject)
  } catch (error) {
    const trouble = troubleOf(error, 'the userinfo endpoint failed')
    // Another subject is an attack, or two people mixed up: never passed over (OpenID Connect Core, 5.3.2).
    if (isEnoughWithout && trouble.kind !== 'invalid') return undefined
    // The token was taken: this is no word about the person.
    throw new OidcTrouble(trouble.kind, trouble.message)
  }
}

/** Google gives a refresh token for parameters of its own, and knows no scope `offline_access`. */
const google = 'https://accounts.google.com'

/** S256 of RFC 7636, 4.2. */
const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url')

function signInUrl(config: client.Configuration, { redirectUri, scope, checks, extra }: SignIn): URL {
  const isGoogle = config.serverMetadata().issuer === google
  const scopes = new Set(['openid', ...scope.split(/[\s,]+/).filter((one) => one !== '')])
  if (isGoogle) scopes.delete('offline_access')
  return client.buildAuthorizationUrl(config, {
    ...(isGoogle ? { access_type: 'offline', prompt: 'consent' } : {}),
    ...extra,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: [...scopes].join(' '),
    state: checks.state,
    nonce: checks.nonce,
    code_challenge: challengeOf(checks.verifier),
    code_challenge_method: 'S256',
  })
}
