import type { IncomingMessage } from 'node:http'
import { OciError } from '../../../oci/errors.ts'
import { readBody } from '../../platform/http/body.ts'
import type { Answer, Peer } from '../../platform/http/server.ts'
import type { Caller } from '../caller.ts'
import { grant, parseScopes, serviceName } from '../token.ts'
import { send } from './reply.ts'
import { basicChallenge, identify, type SessionOptions } from './session.ts'

type TokenOptions = SessionOptions & {
  /** In bytes: all headers of a request together, with the token. */
  limits: { headerBytes: number }
}

/** The longest form with a name, a password and scopes, in bytes; a longer one is 413. */
const formBytes = 64 * 1024
/** The room that is left for the headers beside a token, in bytes. */
const otherHeaderBytes = 4096

/**
 * Answers GET /service/token with Basic credentials or none, and POST with a form as in OAuth 2 (docker/distribution,
 * "Docker Registry v2 authentication using OAuth2"). Throws BAD_REQUEST, UNAUTHORIZED, SIZE_INVALID and UNSUPPORTED.
 */
export async function answerToken(
  options: TokenOptions,
  request: IncomingMessage,
  response: Answer,
  peer: Peer,
): Promise<void> {
  const { query, caller } = await readQuestion(options, request, peer)
  const scopes = parseScopes(query.getAll('scope'))
  const granted = await grant(options.rights, caller, scopes)
  const { token, expiresIn, issuedAt } = await options.tokens.issue(caller, granted)
  refuseUnusable(options, token, scopes.length)
  const kind = isExchange(query) ? { issued_token_type: accessTokenType, token_type: 'Bearer' } : {}
  const body = { token, access_token: token, expires_in: expiresIn, issued_at: issuedAt.toISOString(), ...kind }
  send(response, 200, { 'content-type': 'application/json', 'cache-control': 'no-store' }, JSON.stringify(body))
}

/** RFC 8693, 3. */
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const isExchange = (query: URLSearchParams) => Object.hasOwn(exchanges, query.get('grant_type') ?? '')

type Question = { query: URLSearchParams; caller: Caller }

function readQuestion(options: TokenOptions, request: IncomingMessage, peer: Peer): Promise<Question> {
  if (request.method === 'GET') return readGet(options, request, peer)
  if (request.method === 'POST') return readForm(options, request, peer)
  throw new OciError('UNSUPPORTED', undefined, { headers: { allow: 'GET, POST' } })
}

async function readGet(options: TokenOptions, request: IncomingMessage, peer: Peer): Promise<Question> {
  const query = new URL(request.url!, 'http://marina').searchParams
  checkService(query)
  const hasScope = parseScopes(query.getAll('scope')).length > 0
  const { by, caller, isRefused } = await identify(options, request, peer)
  if (isRefused || by === 'bearer' || (by === 'nothing' && !hasScope)) {
    const why = by === 'nothing' ? 'send a name and a password, or ask for a scope' : 'wrong name or password'
    throw new OciError('UNAUTHORIZED', why, { headers: basicChallenge(request) })
  }
  return { query, caller }
}

/** The forms that carry a token of another issuer, and where: RFC 8693, 2.1, and RFC 7523, 2.1. */
const exchanges: Readonly<Record<string, 'subject_token' | 'assertion'>> = {
  'urn:ietf:params:oauth:grant-type:token-exchange': 'subject_token',
  'urn:ietf:params:oauth:grant-type:jwt-bearer': 'assertion',
}

/** Marina issues no refresh tokens, so that none is right: 401 makes clients send a password instead. */
async function readForm(options: TokenOptions, request: IncomingMessage, peer: Peer): Promise<Question> {
  const query = new URLSearchParams((await readBody(request, formBytes)).toString('utf8'))
  const grantType = query.get('grant_type')
  if (grantType !== null && Object.hasOwn(exchanges, grantType)) {
    if (query.has('service')) checkService(query)
    return { query, caller: await options.exchange(query.get(exchanges[grantType]!) ?? '', peer.address) }
  }
  if (grantType !== 'password' && grantType !== 'refresh_token')
    throw new OciError('BAD_REQUEST', 'grant_type must be password, refresh_token, token-exchange or jwt-bearer')
  checkService(query)
  if (grantType === 'refresh_token')
    throw new OciError('UNAUTHORIZED', 'no refresh tokens are issued here: send a name and a password')
  const caller = await options.login(query.get('username') ?? '', query.get('password') ?? '', peer.address)
  if (!caller) throw new OciError('UNAUTHORIZED', 'wrong name or password')
  return { query, caller }
}

function checkService(query: URLSearchParams) {
  if (query.get('service') !== serviceName) throw new OciError('BAD_REQUEST', `service must be ${serviceName}`)
}

/** Refuses to issue a token that is too long for a request: Node would answer such a request 431 without a reason. */
function refuseUnusable({ limits: { headerBytes } }: TokenOptions, token: string, scopes: number) {
  const most = headerBytes - Math.min(otherHeaderBytes, headerBytes / 2)
  if (token.length <= most) return
  const way = 'ask for fewer or set MARINA_HEADER_BYTES higher'
  throw new OciError('BAD_REQUEST', `a token for ${scopes} scopes would have ${token.length} bytes of ${most}: ${way}`)
}
