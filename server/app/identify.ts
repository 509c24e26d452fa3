import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ByCertificate, Login, SessionDoor } from '../features/accounts/index.ts'
import type { Refusals } from '../features/audit/index.ts'
import { isCrossSite, isReading } from '../platform/http/cross-site.ts'
import { Failure } from '../platform/http/failure.ts'
import type { Peer } from '../platform/http/server.ts'
import { anonymous, type Caller } from '../registry/caller.ts'

type IdentifyOptions = {
  login: Login
  sessions: SessionDoor
  byCertificate: ByCertificate | undefined
  peer: Peer
  externalUrl: string | undefined
}

/**
 * The caller of a REST API request: by Basic credentials, else by session, else by certificate; never by a registry
 * token (C-13).
 */
export async function identifyApi(
  request: IncomingMessage,
  response: ServerResponse,
  { login, sessions, byCertificate, peer, externalUrl }: IdentifyOptions,
): Promise<Caller> {
  // Browsers send cookies, remembered Basic credentials and certificates along with other sites' requests (X23).
  if (!isReading(request.method) && isCrossSite(request, peer, externalUrl))
    throw new Failure('FORBIDDEN', 'this request came from another site')
  const header = request.headers.authorization
  if (header === undefined)
    return (await sessions.identify(request, response)) ?? (await byCertificate?.(request)) ?? anonymous
  const [, encoded] = /^basic (\S+)$/i.exec(header) ?? []
  const pair = Buffer.from(encoded ?? '', 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  const caller = colon < 0 ? undefined : await login(pair.slice(0, colon), pair.slice(colon + 1), peer.address)
  if (!caller) throw new Failure('UNAUTHORIZED', 'wrong name or password')
  if (caller.kind === 'user' && caller.isCli)
    throw new Failure('UNAUTHORIZED', 'a CLI secret is for docker login: take a personal access token for the API')
  return caller
}

/** A login that also records each wrong password in the audit log, for /v2 as for the REST API. */
export function noting(refusals: Refusals, login: Login): Login {
  return async (name, password, address) => {
    const caller = await login(name, password, address)
    if (!caller) refusals.login(name)
    return caller
  }
}
