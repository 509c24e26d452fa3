import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Failure } from '../../platform/http/failure.ts'
import type { Peer } from '../../platform/http/server.ts'
import type { Account, Vouched } from '../accounts/index.ts'
import { readClaims, shownClaims, type ReadClaims } from './claims.ts'
import { cookie, onboardCookie, readCookie, signInCookie } from './cookies.ts'
import type { Lent } from './lent.ts'
import type { Checks, Said } from './provider.ts'
import type { OidcSettings } from './settings.ts'
import { SignInFailed } from './sign-in-failed.ts'
import { saveClaims, saveOnboarding, useOnce } from './store.ts'
import { keepable, vouchedOf } from './vouched.ts'
import { openedBy } from './session.ts'

/** An answer that sends the browser elsewhere. */
export type Redirect = { to: string; cookies: string[]; headers?: Record<string, string> }

/** A sign-in that is under way; the browser holds it, sealed. `at`: ms since 1970. */
type Begun = { checks: Checks; redirectUri: string; returnTo: string; at: number }

const purpose = 'oidc sign-in'
export const onboardPurpose = 'oidc onboarding'
const random = () => randomBytes(32).toString('base64url')

/** The URL at which browsers reach Marina, without a slash at its end. */
export const baseOf = ({ externalUrl }: Pick<Lent, 'externalUrl'>, peer: Peer): string =>
  (externalUrl ?? `${peer.protocol}://${peer.host ?? 'localhost'}`).replace(/\/+$/, '')

/** The path below which browsers reach Marina: that of the external URL, `` without one. */
export const prefixOf = ({ externalUrl }: Pick<Lent, 'externalUrl'>): string =>
  externalUrl === undefined ? '' : new URL(externalUrl).pathname.replace(/\/+$/, '')

export const isSecure = ({ externalUrl }: Pick<Lent, 'externalUrl'>, peer: Peer): boolean =>
  peer.protocol === 'https' || externalUrl?.startsWith('https:') === true

/** Sends the browser to the provider. Throws SignInFailed and OidcTrouble. */
export async function beginSignIn(lent: Lent, query: URLSearchParams, peer: Peer): Promise<Redirect> {
  const returnTo = localPath(query.get('redirect_url') ?? '')
  if (returnTo === undefined) throw new SignInFailed('path', 'cannot redirect to other site')
  const { provider, settings } = await lent.oidc.current()
  const checks = { state: random(), nonce: random(), verifier: random() }
  const redirectUri = `${baseOf(lent, peer)}/c/oidc/callback`
  const to = provider.signInUrl({ redirectUri, scope: settings.scope, checks, extra: settings.extra })
  const begun = JSON.stringify({ checks, redirectUri, returnTo, at: Date.now() } satisfies Begun)
  return { to: to.href, cookies: [signInCookieOf(lent, peer, lent.secrets.seal(begun, purpose))] }
}

const signInCookieOf = (lent: Lent, peer: Peer, value: string) =>
  cookie(signInCookie, value, {
    maxAgeMs: value === '' ? 0 : lent.limits.signInMs,
    sameSite: 'Lax',
    prefix: prefixOf(lent),
    isSecure: isSecure(lent, peer),
  })

/**
 * A path of this site to return to, `/` for none; undefined for another site (open redirect) and for paths that act
 * instead of showing something.
 */
export function localPath(wanted: string): string | undefined {
  if (wanted === '') return '/'
  if (wanted.length > 2000 || !wanted.startsWith('/') || /[\\\p{C}]/u.test(wanted)) return undefined
  const own = 'http://marina.invalid'
  if (!URL.canParse(wanted, own)) return undefined
  const url = new URL(wanted, own)
  if (url.origin !== own || /^\/(?:c|api|v2|service)\//.test(url.pathname)) return undefined
  return `${url.pathname}${url.search}${url.hash}`.replace(/^\/+/, '/')
}

/**
 * Takes what the browser brings back from the provider, once (RFC 6749, 10.12): opens a session, or asks a person who
 * is new here to choose a name. Throws SignInFailed and OidcTrouble.
 */
export async function finishSignIn(
  lent: Lent,
  request: IncomingMessage,
  query: URLSearchParams,
  peer: Peer,
): Promise<Redirect> {
  const begun = readBegun(lent, request)
  if (!begun || query.get('state') !== begun.checks.state) throw new SignInFailed('expired', 'State mismatch')
  if (!(await useOnce(lent.db, `${purpose} ${begun.checks.state}`, lent.limits.signInMs * 2)))
    throw new SignInFailed('used', 'this sign-in was completed already')
  const { provider, settings } = await lent.oidc.current()
  const returned = new URL(begun.redirectUri)
  returned.search = query.toString()
  const said = await provider.redeem(returned, begun.checks, settings)
  const read = readClaims(said.claims, settings)
  const account = await accountOf(lent, said, read, settings)
  await remember(lent, said, read, account)
  const ended = signInCookieOf(lent, peer, '')
  if (!account) return askForName(lent, peer, { said, read, settings, returnTo: begun.returnTo, ended })
  const headers = await openedBy(lent, request, account, said)
  return { to: `${prefixOf(lent)}${begun.returnTo}`, cookies: [ended], headers }
}

function readBegun({ secrets, limits }: Lent, request: IncomingMessage): Begun | undefined {
  const sealed = readCookie(request, signInCookie)
  if (sealed === undefined) return undefined
  try {
    const begun = JSON.parse(secrets.unseal(sealed, purpose)) as Begun
    return Date.now() - begun.at <= limits.signInMs ? begun : undefined
  } catch {
    return undefined
  }
}

/** The person's account; undefined when a name must be chosen first. Throws SignInFailed. */
async function accountOf(
  lent: Lent,
  said: Said,
  read: ReadClaims,
  settings: OidcSettings,
): Promise<Account | undefined> {
  const vouched = vouchedOf(said, read, { secret: keepable(settings.clientId, said.refreshToken) })
  // With a name that another account has, a person who is known is found by the subject, and a new one chooses another.
  const known = await lent.outside
    .vouch(lent.oidc.vouching, vouched, { mayMake: false })
    .catch((error: unknown) => (isConflict(error) ? undefined : Promise.reject(error as Error)))
  if (known || !settings.isAutoOnboard) return known
  try {
    return await makeAccount(lent, vouched)
  } catch (error) {
    await remember(lent, said, read, undefined)
    throw error
  }
}

const isConflict = (error: unknown) => error instanceof Failure && error.code === 'CONFLICT'

/** Throws SignInFailed with the reason. */
export async function makeAccount({ outside, oidc }: Lent, vouched: Vouched): Promise<Account> {
  try {
    return (await outside.vouch(oidc.vouching, vouched))!
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    throw new SignInFailed(isConflict(error) ? 'taken' : 'name', error.message)
  }
}

function remember({ db }: Lent, said: Said, read: ReadClaims, account: Account | undefined): Promise<void> {
  const { issuer, subject, claims } = said
  const accountId = account?.id ?? null
  return saveClaims(db, { issuer, subject, accountId, occasion: 'login', claims: shownClaims(claims), read })
}

/** What waits for a person who has yet to choose a name. */
export type Waiting = { said: Said; read: ReadClaims; clientId: string }

async function askForName(
  lent: Lent,
  peer: Peer,
  {
    said,
    read,
    settings,
    returnTo,
    ended,
  }: { said: Said; read: ReadClaims; settings: OidcSettings; returnTo: string; ended: string },
): Promise<Redirect> {
  const id = random()
  const waiting = JSON.stringify({ said, read, clientId: settings.clientId } satisfies Waiting)
  await saveOnboarding(lent.db, id, lent.secrets.seal(waiting, onboardPurpose), lent.limits.signInMs)
  const named = new URLSearchParams({ username: read.username, redirect_url: returnTo === '/' ? '' : returnTo })
  const held = cookie(onboardCookie, id, {
    maxAgeMs: lent.limits.signInMs,
    sameSite: 'Strict',
    prefix: prefixOf(lent),
    isSecure: isSecure(lent, peer),
  })
  return { to: `${prefixOf(lent)}/oidc-onboard?${named.toString()}`, cookies: [ended, held] }
}
