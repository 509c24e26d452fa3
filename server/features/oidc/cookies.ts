import type { IncomingMessage } from 'node:http'

/** Holds a sign-in that is under way, sealed. The provider sends the browser back from its own site, so it is Lax. */
export const signInCookie = 'oidc_sign_in'
/** Names a person who has yet to choose a name. Only Marina's own pages send it. */
export const onboardCookie = 'oidc_onboard'

export function readCookie({ headers }: IncomingMessage, name: string): string | undefined {
  const pair = (headers.cookie ?? '')
    .split(';')
    .map((one) => one.trim())
    .find((one) => one.startsWith(`${name}=`))
  return pair?.slice(name.length + 1)
}

type CookieOptions = { maxAgeMs: number; sameSite: 'Lax' | 'Strict'; prefix: string; isSecure: boolean }

/** For the paths of this feature only, below the `prefix` of the external URL, and for no script. 0 removes it. */
export function cookie(name: string, value: string, { maxAgeMs, sameSite, prefix, isSecure }: CookieOptions): string {
  const age = Math.ceil(maxAgeMs / 1000)
  const path = `${prefix}/c/oidc`
  return `${name}=${value}; Path=${path}; Max-Age=${age}; HttpOnly; SameSite=${sameSite}${isSecure ? '; Secure' : ''}`
}
