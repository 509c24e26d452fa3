import type { IncomingMessage } from 'node:http'
import type { Peer } from './server.ts'

/**
 * True when a page of another site sent the request. Browsers say so by Sec-Fetch-Site, older ones by Origin; other
 * programs send neither. `ownUrl` is the URL at which clients reach Marina, if it is configured.
 */
export function isCrossSite({ headers }: IncomingMessage, peer: Peer, ownUrl?: string): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const { origin } = headers
  if (origin === undefined) return false
  const host = URL.canParse(origin) ? new URL(origin).host : undefined
  return host === undefined || (host !== peer.host && (ownUrl === undefined || host !== new URL(ownUrl).host))
}

const reading = new Set(['GET', 'HEAD', 'OPTIONS'])
export const isReading = (method: string | undefined) => reading.has(method ?? '')
