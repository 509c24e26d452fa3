import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Login, SessionDoor } from '../features/accounts/index.ts'
import type { Refusals } from '../features/audit/index.ts'
import { isCrossSite, isReading } from '../platform/http/cross-site.ts'
import { Failure } from '../platform/http/failure.ts'
import type { Peer } from '../platform/http/server.ts'
import { anonymous, type Caller } from '../registry/caller.ts'

/** The REST API takes names and passwords; a registry token is for /v2 alone (C-13). */
export async function identifyApi(
  request: IncomingMessage,
  response: ServerResponse,
  {
    login,
    sessions,
    peer,
    externalUrl,
  }: { login: Login; sessions: SessionDoor; peer: Peer; externalUrl: string | undefined },
): Promise<Caller> {
  // Browsers remember Basic credentials too, so a foreign page must not make use of either kind (X23).
  if (!isReading(request.method) && isCrossSite(request, peer, externalUrl))
    throw new Failure('FORBIDDEN', 'this request came from another site')
  const header = request.headers.authorization
  if (header === undefined) return (await sessions.identify(request, response)) ?? anonymous
  const [, encoded] = /^basic (\S+)$/i.exec(header) ?? []
  const pair = Buffer.from(encoded ?? '', 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  const caller = colon < 0 ? undefined : await login(pair.slice(0, colon), pair.slice(colon + 1), peer.address)
  if (!caller) throw new Failure('UNAUTHORIZED', 'wrong name or password')
  return caller
}

/** Writes down each wrong password, at whichever door it was given. */
export function noting(refusals: Refusals, login: Login): Login {
  return async (name, password, address) => {
    const caller = await login(name, password, address)
    if (!caller) refusals.login(name)
    return caller
  }
}
