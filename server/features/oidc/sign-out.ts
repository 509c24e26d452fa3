import type { IncomingMessage } from 'node:http'
import type { JWTPayload } from 'jose'
import { readBody } from '../../platform/http/body.ts'
import type { Peer } from '../../platform/http/server.ts'
import { endSessionOf, findOriginOf } from '../accounts/index.ts'
import type { Lent } from './lent.ts'
import { idTokenPurpose } from './session.ts'
import { baseOf, prefixOf, type Redirect } from './sign-in.ts'
import { findOidcSession, listSessionsToEnd, useOnce, type OidcSession } from './store.ts'
import { OidcTrouble } from './trouble.ts'

/**
 * Ends the session here and, where `oidc_logout` is on, sends the browser to the provider to end it there, too (OpenID
 * Connect RP-Initiated Logout 1.0). A provider that cannot be asked keeps nobody signed in here.
 */
export async function signOut(lent: Lent, request: IncomingMessage, peer: Peer): Promise<Redirect> {
  let session: OidcSession | undefined
  const headers = await lent.sessions.close(request, async (idHash) => {
    session = await findOidcSession(lent.db, idHash)
  })
  const to = session && (await signOutUrl(lent, session, peer))
  return { to: to ?? `${prefixOf(lent)}/`, cookies: [], headers }
}

/** Undefined when nothing is to be ended at the provider, or it has no place for that. */
async function signOutUrl(lent: Lent, session: OidcSession, peer: Peer): Promise<string | undefined> {
  if (!(await lent.oidc.settings()).signsOut) return undefined
  try {
    const { provider } = await lent.oidc.current()
    const url = provider.signOutUrl({
      ...(session.idToken === null ? {} : { id_token_hint: lent.secrets.unseal(session.idToken, idTokenPurpose) }),
      post_logout_redirect_uri: `${baseOf(lent, peer)}/`,
    })
    return url?.href
  } catch (error) {
    if (!(error instanceof OidcTrouble)) throw error
    lent.log.warn({ reason: error.message }, 'the session ended here, and not at the OIDC provider')
    return undefined
  }
}

const bodyLimit = 64 * 1024
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
/** For how long the id of a logout token is remembered, in ms: tokens are good for minutes. */
const rememberedMs = 60 * 60_000

/**
 * The provider ends sessions (OpenID Connect Back-Channel Logout 1.0): those of its own session `sid`, else all that it
 * opened for the person. Personal tokens stay: the person is still there. Returns how many sessions ended. Throws
 * OidcTrouble for a token that does not count.
 */
export async function endByProvider(lent: Lent, request: IncomingMessage): Promise<number> {
  const form = new URLSearchParams((await readBody(request, bodyLimit)).toString('utf8'))
  const token = form.get('logout_token')
  if (token === null) throw new OidcTrouble('invalid', 'the logout token is refused: there is none')
  const { provider } = await lent.oidc.current()
  const claims = await provider.verifyLogout(token)
  const problem = logoutProblem(claims)
  if (problem) throw new OidcTrouble('invalid', `the logout token is refused: ${problem}`)
  const { iss: issuer, sub, jti } = claims as { iss: string; sub?: string; jti: string }
  if (!(await useOnce(lent.db, `logout token ${JSON.stringify([issuer, jti])}`, rememberedMs)))
    throw new OidcTrouble('invalid', 'the logout token is refused: it was used before')
  const sid = typeof claims['sid'] === 'string' ? claims['sid'] : undefined
  return endSessions(lent, { issuer, sub, sid })
}

/** Back-Channel Logout, 2.4 and 2.6; what `verifyLogout` does not check. */
function logoutProblem(claims: JWTPayload): string | undefined {
  const { sub, jti, iat, exp } = claims
  const { sid, events, nonce } = claims as { sid?: unknown; events?: unknown; nonce?: unknown }
  if (typeof iat !== 'number' || typeof exp !== 'number') return 'iat or exp is missing'
  if (Date.now() / 1000 - iat > rememberedMs / 1000) return 'it is too old'
  if (typeof jti !== 'string' || jti === '') return 'jti is missing'
  if (nonce !== undefined) return 'it has a nonce, as an ID token has'
  const event = typeof events === 'object' && events !== null ? (events as Record<string, unknown>)[logoutEvent] : null
  if (typeof event !== 'object' || event === null) return 'it is about no logout'
  if (sub === undefined && sid === undefined) return 'it names neither sub nor sid'
  if ((sub !== undefined && typeof sub !== 'string') || (sid !== undefined && typeof sid !== 'string'))
    return 'sub or sid is no text'
  return undefined
}

async function endSessions(
  { db }: Lent,
  { issuer, sub, sid }: { issuer: string; sub: string | undefined; sid: string | undefined },
): Promise<number> {
  return db.transaction(async (tx) => {
    const origin = sub === undefined ? undefined : await findOriginOf(tx, 'oidc', { issuer, subject: sub })
    if (sub !== undefined && !origin) return 0
    const sessions = await listSessionsToEnd(tx, { issuer, sid, accountId: origin?.accountId })
    for (const one of sessions) await endSessionOf(tx, one, { kind: 'system', id: null, name: 'oidc' })
    return sessions.length
  })
}
