import { getCACertificates } from 'node:tls'
import { isWhole, type Answered, type Asked } from './exchange.ts'

/** Headers that may carry credentials, and `host`, which is for one host only. */
const personal = new Set(['authorization', 'cookie', 'proxy-authorization', 'host'])

/**
 * The request for a redirect (RFC 9110, 15.4), or undefined when it cannot be followed: a streamed body is gone, and
 * with some statuses a method other than GET and HEAD would have to become GET. A request to another origin has no
 * credentials, and one that a public endpoint asks for stays public.
 */
export function redirected(
  asked: Asked,
  { status, headers, isInside }: Pick<Answered, 'status' | 'headers' | 'isInside'>,
): Asked | undefined {
  const { location = '' } = headers
  if (!isFollowed(asked, status) || location === '' || !URL.canParse(location, asked.url.href)) return undefined
  const url = new URL(location, asked.url)
  if (url.origin === asked.url.origin) return { ...asked, url }
  const kept = Object.entries(asked.headers).filter(([name]) => !personal.has(name.toLowerCase()))
  const reach = asked.reach === 'endpoint' && !isInside ? 'onward' : asked.reach
  return { ...asked, url, reach, headers: Object.fromEntries(kept), ca: widened(asked.ca) }
}

function isFollowed({ method, body }: Asked, status: number): boolean {
  if (![301, 302, 303, 307, 308].includes(status)) return false
  if (method === 'GET' || method === 'HEAD') return body === undefined
  return (status === 307 || status === 308) && (body === undefined || isWhole(body))
}

/**
 * Adds the system's authorities: the caller named its authority for the first host, but the next one may need another.
 */
function widened(ca: Asked['ca']): Asked['ca'] {
  return ca === undefined || Array.isArray(ca) ? ca : [...getCACertificates('default'), ca]
}
