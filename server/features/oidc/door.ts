import type { IncomingMessage } from 'node:http'
import { isCrossSite } from '../../platform/http/cross-site.ts'
import { Failure, failureBody } from '../../platform/http/failure.ts'
import type { Answer, Peer } from '../../platform/http/server.ts'
import { addFailure, countFailures, failureWindow } from '../accounts/index.ts'
import type { Lent } from './lent.ts'
import { onboard } from './onboard.ts'
import { failurePage, reasons, type Reason } from './pages.ts'
import { beginSignIn, finishSignIn, prefixOf, type Redirect } from './sign-in.ts'
import { SignInFailed } from './sign-in-failed.ts'
import { endByProvider, signOut } from './sign-out.ts'
import { OidcTrouble } from './trouble.ts'

type Handler = (lent: Lent, request: IncomingMessage, response: Answer, peer: Peer) => Promise<void>

/** The paths that browsers and the provider call: Harbor's, and the one for back-channel logout. */
const paths: Readonly<Record<string, { method: 'GET' | 'POST'; handle: Handler }>> = {
  '/c/oidc/login': {
    method: 'GET',
    handle: async (lent, request, response, peer) =>
      redirect(response, await beginSignIn(lent, queryOf(request), peer)),
  },
  '/c/oidc/callback': { method: 'GET', handle: callback },
  '/c/oidc/onboard': {
    method: 'POST',
    async handle(lent, request, response, peer) {
      ownSiteOnly(lent, request, peer)
      const { cookies, headers } = await onboard(lent, request, peer)
      answer(response, 200, withCookies(headers, cookies))
    },
  },
  '/c/oidc/logout': {
    method: 'GET',
    async handle(lent, request, response, peer) {
      ownSiteOnly(lent, request, peer)
      redirect(response, await signOut(lent, request, peer))
    },
  },
  '/c/oidc/backchannel-logout': { method: 'POST', handle: backChannel },
}

type OidcDoor = (request: IncomingMessage, response: Answer, peer: Peer) => Promise<void>

export const isOidcPath = (path: string): boolean => path.startsWith('/c/oidc/')

/** Answers what is below /c/oidc/. Throws Failures; other troubles of a sign-in become a page, or Harbor's JSON. */
export function openOidcDoor(lent: Lent): OidcDoor {
  return async (request, response, peer) => {
    const found = paths[request.url!.split('?', 1)[0]!]
    if (!found) throw new Failure('NOT_FOUND')
    if (request.method !== found.method) throw new Failure('METHOD_NOT_ALLOWED')
    try {
      const { mode } = await lent.oidc.settings()
      if (mode !== 'oidc_auth') throw new SignInFailed('mode', `auth mode: ${mode} is not OIDC based`)
      await found.handle(lent, request, response, peer)
    } catch (error) {
      if (!(error instanceof SignInFailed) && !(error instanceof OidcTrouble)) throw error
      fail(lent, request, response, error)
    }
  }
}

/** A failed sign-in counts against its address; see docs/decisions/0023-sign-ins.md for the others. */
async function callback(lent: Lent, request: IncomingMessage, response: Answer, peer: Peer): Promise<void> {
  const { db, limits } = lent
  const subject = `oidc:${peer.address}`
  if (limits.failures > 0) {
    const [known] = await countFailures(db, [subject], failureWindow)
    if (known && known.failures >= limits.failures)
      throw new SignInFailed('wait', `${peer.address} failed to sign in ${known.failures} times within 15 minutes`)
  }
  try {
    redirect(response, await finishSignIn(lent, request, queryOf(request), peer))
  } catch (error) {
    if (error instanceof SignInFailed || error instanceof OidcTrouble) {
      const isTheirs = error instanceof SignInFailed || error.kind !== 'unreachable'
      if (isTheirs) await addFailure(db.relaxed, [subject], failureWindow)
      lent.outside.noteLogin('oidc', isTheirs ? 'wrong' : 'failed')
      if (isTheirs) lent.onRefused('sign-in through OIDC')
    }
    throw error
  }
}

/** Back-Channel Logout, 2.8: 200, or 400 with an error in the words of RFC 6749. */
async function backChannel(lent: Lent, request: IncomingMessage, response: Answer): Promise<void> {
  try {
    const ended = await endByProvider(lent, request)
    lent.log.info({ sessions: ended }, 'the OIDC provider ended sessions')
    answer(response, 200, {})
  } catch (error) {
    if (!(error instanceof OidcTrouble)) throw error
    lent.log.warn({ reason: error.message, id: response.requestId }, 'a logout of the OIDC provider does not count')
    const status = error.kind === 'unreachable' ? 503 : 400
    const text = JSON.stringify({ error: 'invalid_request', error_description: error.message })
    answer(response, status, { 'content-type': 'application/json' }, text)
  }
}

const queryOf = (request: IncomingMessage) => new URL(request.url!, 'http://marina.invalid').searchParams

function ownSiteOnly({ externalUrl }: Lent, request: IncomingMessage, peer: Peer): void {
  if (isCrossSite(request, peer, externalUrl)) throw new Failure('FORBIDDEN', 'this request came from another site')
}

/** A page for a browser, Harbor's JSON for other clients. The log has the whole reason. */
function fail(lent: Lent, request: IncomingMessage, response: Answer, error: SignInFailed | OidcTrouble): void {
  const reason: Reason = error instanceof SignInFailed ? error.reason : error.kind
  const { status, code, en } = reasons[reason]
  const { requestId: id } = response
  if (reason !== 'mode') lent.log.warn({ id, reason: error.message }, 'nobody signed in through OIDC')
  const headers: Record<string, string> = reason === 'wait' ? { 'retry-after': String(failureWindow) } : {}
  if (/\btext\/html\b/.test(request.headers.accept ?? '')) {
    const type = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': pagePolicy }
    const languages = request.headers['accept-language']
    const page = failurePage(reason, { requestId: id, languages, prefix: prefixOf(lent) })
    return answer(response, status, { ...headers, ...type }, page)
  }
  // Harbor's words where the reason is one that the caller knows anyway.
  const text = error instanceof SignInFailed && ['mode', 'expired', 'path'].includes(reason) ? error.message : en
  answer(response, status, { ...headers, 'content-type': 'application/json' }, failureBody(code, text))
}

const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"

function redirect(response: Answer, { to, cookies, headers = {} }: Redirect): void {
  answer(response, 302, { ...withCookies(headers, cookies), location: to })
}

/** Adds cookies to headers that may set one themselves. */
function withCookies(headers: Record<string, string>, cookies: string[]): Record<string, string | string[]> {
  const { 'set-cookie': own, ...rest } = headers
  return { ...rest, 'set-cookie': [...cookies, ...(own === undefined ? [] : [own])] }
}

function answer(response: Answer, status: number, headers: Record<string, string | string[]>, text = ''): void {
  response
    .writeHead(status, {
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'content-length': Buffer.byteLength(text),
      ...headers,
    })
    .end(text)
}
