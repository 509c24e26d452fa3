import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Harbor's names; its portal and scripts know them. */
const cookieName = 'sid'
export const csrfHeader = 'x-harbor-csrf-token'

export function cookie(value: string, maxAge: number, isSecure: boolean): string {
  return `${cookieName}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
}

/** The id of the session by which the caller was identified: credentials in the request count before a cookie. */
export const ownIdOf = (request: IncomingMessage) =>
  request.headers.authorization === undefined ? sessionIdOf(request) : undefined

export function sessionIdOf({ headers }: IncomingMessage): string | undefined {
  const pair = (headers.cookie ?? '')
    .split(';')
    .map((one) => one.trim())
    .find((one) => one.startsWith(`${cookieName}=`))
  const id = pair?.slice(cookieName.length + 1)
  return id !== undefined && /^[\w-]{43}$/.test(id) ? id : undefined
}

/** The token is derived from the session's id, which scripts cannot read (HttpOnly), so that it needs no storage. */
export const csrfTokenOf = (id: string) => createHmac('sha256', id).update('marina csrf').digest('base64url')

export function isSame(known: string, given: string | string[] | undefined): boolean {
  const [a, b] = [known, typeof given === 'string' ? given : ''].map((text) =>
    createHash('sha256').update(text).digest(),
  )
  return timingSafeEqual(a!, b!)
}
