import { BlockList, isIP } from 'node:net'

/** The values of HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
export type ProxySettings = { https?: string | undefined; http?: string | undefined; no?: string | undefined }

/**
 * The proxy for a URL, if it has one. NO_PROXY is a list of hosts, domains (`.example.com` and `example.com` both
 * include the names below), addresses and CIDR ranges, each with a port if it is only for that; `*` is everything.
 */
export function proxyFor(url: URL, { https, http, no = '' }: ProxySettings): string | undefined {
  const proxy = url.protocol === 'https:' ? https : http
  if (!proxy) return undefined
  const entries = no.split(/[\s,]+/).filter((entry) => entry !== '')
  return entries.some((entry) => covers(entry.toLowerCase(), url)) ? undefined : proxy
}

function covers(entry: string, url: URL): boolean {
  if (entry === '*') return true
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host)) return coversAddress(entry, host)
  const [, domain = '', port] = /^(.*?)(?::(\d+))?$/.exec(entry)!
  const bare = domain.replace(/^\*?\./, '')
  return (port === undefined || port === portOf(url)) && bare !== '' && (host === bare || host.endsWith(`.${bare}`))
}

function coversAddress(entry: string, host: string): boolean {
  const [address = '', bits] = entry.replace(/^\[|\]$/g, '').split('/')
  if (!isIP(address)) return false
  const kind = (text: string) => (isIP(text) === 4 ? 'ipv4' : 'ipv6')
  const list = new BlockList()
  if (bits === undefined) list.addAddress(address, kind(address))
  else list.addSubnet(address, Number(bits), kind(address))
  return list.check(host, kind(host))
}

const portOf = ({ port, protocol }: URL): string => port || (protocol === 'https:' ? '443' : '80')
