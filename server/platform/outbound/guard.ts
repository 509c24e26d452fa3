import type { LookupAddress } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'
import { addressRule } from './addresses.ts'
import { OutboundRefused } from './failures.ts'
import type { Lookup } from './names.ts'
import { proxyFor, type ProxySettings } from './proxy.ts'

/** How a request is sent: by an agent with its connections, whose names `lookup` resolves. */
export type Way = { agent: http.Agent; lookup: never }

type GuardOptions = { allow: string[]; lookup: Lookup; proxy: ProxySettings }

/** The one place that decides whether and how a URL may be called. */
export interface Guard extends Disposable {
  /** Rejects with OutboundRefused. A name that is called without a proxy is checked when it is resolved. */
  wayTo(url: URL): Promise<Way>
}

/** How long looking up a name may take that the proxy will resolve itself, in ms. */
const glanceMs = 2000

/**
 * The address rule (Q06, X08): a name is resolved once per connection, every address of the answer is checked, and the
 * connection goes to one of those very addresses. One internal address among them refuses the call.
 *
 * Through a proxy, the proxy resolves the name. Names that resolve to internal addresses here are refused nevertheless;
 * for a name that cannot be resolved here the proxy decides, which the operator has set up. The proxy's own address is
 * not checked.
 */
export function openGuard({ allow, lookup, proxy }: GuardOptions): Guard {
  const isOpen = addressRule(allow)
  // No limit on all connections together: idle ones to some hosts would count against calls to others. Callers have
  // limits of their own.
  const pooled = { keepAlive: true, keepAliveMsecs: 10_000, maxFreeSockets: 4, timeout: 60_000 }
  const direct = agentsOf(pooled)
  const proxied = agentsOf({ ...pooled, proxyEnv: { HTTP_PROXY: proxy.http, HTTPS_PROXY: proxy.https } })
  const checked = lookupOf((name, done) =>
    lookup(name, (error, addresses) => {
      const isRefused = error || addresses.length === 0 || !addresses.every(({ address }) => isOpen(address))
      done(isRefused ? new OutboundRefused(name) : null, addresses)
    }),
  )
  const plain = lookupOf(lookup)

  return {
    async wayTo(url) {
      const host = url.hostname.replace(/^\[|\]$/g, '')
      const protocol = url.protocol as 'http:' | 'https:'
      // A name is checked when it is resolved; an address is never resolved, so it is checked here.
      if (isIP(host) && !isOpen(host)) throw new OutboundRefused(host)
      if (!proxyFor(url, proxy)) return { agent: direct[protocol], lookup: checked }
      const known = isIP(host) ? [] : await glance(lookup, host)
      if (!known.every(({ address }) => isOpen(address))) throw new OutboundRefused(host)
      return { agent: proxied[protocol], lookup: plain }
    },
    [Symbol.dispose]() {
      for (const agent of [...Object.values(direct), ...Object.values(proxied)]) agent.destroy()
    },
  }
}

const agentsOf = (options: http.AgentOptions) => ({
  'http:': new http.Agent(options),
  'https:': new https.Agent(options),
})

/** The addresses of a name, as far as they can be resolved here within `glanceMs`. */
function glance(lookup: Lookup, name: string): Promise<LookupAddress[]> {
  const { promise, resolve } = Promise.withResolvers<LookupAddress[]>()
  const timer = setTimeout(resolve, glanceMs, [])
  lookup(name, (error, addresses) => resolve(error ? [] : addresses))
  return promise.finally(() => clearTimeout(timer))
}

/** The lookup that node:net expects, for all addresses or for one. */
function lookupOf(lookup: Lookup): never {
  const asked = (name: string, options: { all?: boolean }, done: (error: Error | null, ...found: never[]) => void) => {
    lookup(name, (error, addresses) => {
      if (error) return done(error)
      const [first] = addresses as [LookupAddress]
      done(null, ...((options.all ? [addresses] : [first.address, first.family]) as never[]))
    })
  }
  return asked as never
}
