import { compactVerify, createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors, type JWK } from 'jose'
import type { Claims } from './claims.ts'
import { TokenRefused } from './refused.ts'

/** The public keys of an issuer, and how to find the one that a token names. */
export type KeySet = ReturnType<typeof createLocalJWKSet>

/** RFC 7518, 3.1, and RFC 8037: signatures by a private key. Who knows the public key can make an HMAC with it. */
const algorithms = ['RS', 'PS', 'ES'].flatMap((kind) => ['256', '384', '512'].map((size) => kind + size))
const allowed = [...algorithms, 'EdDSA', 'Ed25519']

/** RFC 8725, 3.11: other types are made for another use, such as telling of a logout. */
const types = new Set(['jwt', 'at+jwt', 'application/jwt', 'application/at+jwt'])

const longest = { issuer: 512, subject: 255 }

/** A token of which nothing is proven yet. */
export type ReadToken = { text: string; kid: string | undefined; issuer: string; subject: string; claims: Claims }

/** Whether a password is a JSON Web Token by its form: three parts, of which the first is a JSON object. */
export const isJwt = (text: string): boolean => /^ey[\w-]+\.[\w-]+\.[\w-]*$/.test(text)

/** Reads a token without checking its signature. Throws TokenRefused. */
export function readToken(text: string, mostBytes: number): ReadToken {
  if (text.length > mostBytes) throw new TokenRefused('malformed', `the token has more than ${mostBytes} bytes`)
  if (!isJwt(text)) throw new TokenRefused('malformed', 'this is no JSON Web Token')
  const { header, claims } = decode(text)
  const { alg, typ, kid } = header
  if (typeof alg !== 'string' || !allowed.includes(alg))
    throw new TokenRefused(
      'malformed',
      'the token is not signed by a private key: alg must be one of RS, PS, ES, EdDSA',
    )
  if (typ !== undefined && !(typeof typ === 'string' && types.has(typ.toLowerCase())))
    throw new TokenRefused('malformed', 'the typ of the token must be JWT')
  const { iss: issuer, sub: subject } = claims
  if (!isLine(issuer, longest.issuer) || !isLine(subject, longest.subject))
    throw new TokenRefused('malformed', `iss and sub must be texts, sub of at most ${longest.subject} characters`)
  return { text, kid: typeof kid === 'string' ? kid : undefined, issuer, subject, claims }
}

/** Printable ASCII, as OpenID Connect Core, 2, asks of `sub`. */
const isLine = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.length <= most && /^[\x20-\x7e]+$/.test(value)

function decode(text: string): { header: Record<string, unknown>; claims: Claims } {
  try {
    return { header: decodeProtectedHeader(text), claims: decodeJwt(text) }
  } catch (error) {
    throw new TokenRefused('malformed', 'this is no JSON Web Token', { cause: error })
  }
}

/** Whether one of the keys has signed the token; 'unknown key' when none of them has the name that the token gives. */
export async function isSigned(token: ReadToken, keys: KeySet): Promise<boolean | 'unknown key'> {
  try {
    await compactVerify(token.text, keys, { algorithms: allowed })
    return true
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return 'unknown key'
    if (error instanceof errors.JWKSMultipleMatchingKeys) return isSignedByAny(token, error)
    // A key that does not fit the algorithm, or is too short, is a TypeError.
    if (error instanceof errors.JOSEError || error instanceof TypeError) return false
    throw error
  }
}

/** The most keys that are tried for a token that names none. */
const mostTries = 10

async function isSignedByAny(token: ReadToken, keys: errors.JWKSMultipleMatchingKeys): Promise<boolean> {
  let tries = 0
  for await (const key of keys) {
    if (++tries > mostTries) return false
    const isRight = await compactVerify(token.text, key, { algorithms: allowed }).then(
      () => true,
      () => false,
    )
    if (isRight) return true
  }
  return false
}

/** All in ms. */
export type Times = { clockSkewMs: number; tokenLifeMs: number }

/** Throws TokenRefused for a token that is not valid now (RFC 7519, 4.1.4 to 4.1.6), or is valid for too long. */
export function checkTimes({ claims: { exp, iat, nbf } }: ReadToken, { clockSkewMs, tokenLifeMs }: Times, now: number) {
  if (!isTime(exp) || !isTime(iat) || (nbf !== undefined && !isTime(nbf)))
    throw new TokenRefused('malformed', 'exp and iat must be numbers of seconds since 1970, and so must nbf')
  if (exp * 1000 + clockSkewMs <= now) throw new TokenRefused('expired', 'the token has expired')
  if (Math.max(iat, nbf ?? iat) * 1000 - clockSkewMs > now)
    throw new TokenRefused('expired', 'the token is not valid yet: the clock of its issuer goes before')
  if ((exp - iat) * 1000 > tokenLifeMs)
    throw new TokenRefused('expired', `the token is valid for more than ${Math.round(tokenLifeMs / 60_000)} minutes`)
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

const mostKeys = 200

/**
 * The keys of a JSON Web Key Set (RFC 7517) for signatures by a private key; others in it are left out. Throws Error
 * with the reason.
 */
export function parseKeys(text: string): KeySet {
  const keys = (parseObject(text) as { keys?: unknown }).keys
  if (!Array.isArray(keys) || keys.length > mostKeys) throw new Error(`keys must be a list of at most ${mostKeys} keys`)
  const usable = (keys as Partial<JWK>[]).filter(
    (key) =>
      typeof key === 'object' &&
      key !== null &&
      ['RSA', 'EC', 'OKP'].includes(key.kty ?? '') &&
      (key.use === undefined || key.use === 'sig'),
  )
  if (usable.length === 0) throw new Error('there is no public key for signatures in it')
  if (usable.some((key) => 'd' in key)) throw new Error('there is a private key in it, which nobody else should have')
  return createLocalJWKSet({ keys: usable })
}

/** Throws Error. */
export function parseObject(text: string): object {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw new Error('it is no JSON', { cause: error })
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Error('it is no JSON object')
  return parsed
}
