import type { LookupAddress } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'
import { isPublic, refusals, type Reach } from './addresses.ts'
import { OutboundFailed, OutboundRefused } from './failures.ts'
import type { Lookup } from './names.ts'
import { proxyFor, type ProxySettings } from './proxy.ts'

/**
 * How a request is sent: by an agent with its connections, whose names `lookup` resolves. `isInside`, through a proxy:
 * whether the host is known to lie inside; without one, the connection's address tells.
 */
export type Way = { agent: http.Agent; lookup: never; isInside?: boolean }

type GuardOptions = { allow: string[]; lookup: Lookup; proxy: ProxySettings }

/** The one place that decides whether and how a URL may be called. */
export interface Guard extends Disposable {
  /** Rejects with OutboundRefused. A name that is called without a proxy is checked when it is resolved. */
  wayTo(url: URL, reach: Reach): Promise<Way>
  /** Rejects with OutboundRefused when the host's address may not be reached. A name that is not known passes. */
  check(url: URL, reach: Reach): Promise<void>
  /** The checked addresses of a host, a name or an address. Rejects with OutboundRefused or OutboundFailed. */
  locate(host: string, reach: Reach): Promise<string[]>
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
  const refusalOf = refusals(allow)
  const agents = openAgents(proxy)
  const refused = (host: string, reach: Reach, found: string[]): OutboundRefused | undefined => {
    for (const address of found) {
      const why = refusalOf(address, reach)
      if (why === undefined) continue
      if (reach === 'public') return new OutboundRefused(host)
      return new OutboundRefused(host === address ? host : `${host} (${address})`, why)
    }
    return undefined
  }
  const checked = (reach: Reach) =>
    lookupOf((name, done) =>
      lookup(name, (error, addresses) => {
        const isUnknown = error !== null || addresses.length === 0
        if (isUnknown) return done(unknownName(name, reach), addresses)
        done(refused(name, reach, addresses.map(addressOf)) ?? null, addresses)
      }),
    )
  const plain = lookupOf(lookup)

  return {
    async wayTo(url, reach) {
      const host = hostOf(url)
      const protocol = url.protocol as 'http:' | 'https:'
      const isDirect = reach === 'metadata' || !proxyFor(url, proxy)
      // A name is checked when it is resolved; an address is never resolved, so it is checked here.
      const found = isIP(host) ? [host] : isDirect ? [] : await glance(lookup, host)
      const refusal = refused(host, reach, found)
      if (refusal) throw refusal
      if (isDirect) return { agent: agents.of(reach).direct[protocol], lookup: checked(reach) }
      const isInside = found.length > 0 && !found.some(isPublic)
      return { agent: agents.of(reach).proxied[protocol], lookup: plain, isInside }
    },
    async check(url, reach) {
      const host = hostOf(url)
      const refusal = refused(host, reach, isIP(host) ? [host] : await glance(lookup, host))
      if (refusal) throw refusal
    },
    async locate(host, reach) {
      const found = isIP(host) ? [host] : await resolve(lookup, host)
      if (found.length === 0) throw unknownName(host, reach)
      const refusal = refused(host, reach, found)
      if (refusal) throw refusal
      return found
    },
    [Symbol.dispose]: () => agents.close(),
  }
}

const addressOf = ({ address }: LookupAddress): string => address

const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '')

/** Users learn nothing about names inside; an administrator who mistyped a name is told so. */
const unknownName = (name: string, reach: Reach): Error =>
  reach === 'public' ? new OutboundRefused(name) : new OutboundFailed('connection', `the name ${name} is not known`)

/**
 * The agents of each reach: a connection that one kind of call may have is not lent to another kind, which may not open
 * it.
 */
function openAgents(proxy: ProxySettings) {
  // No limit on all connections together: idle ones to some hosts would count against calls to others. Callers have
  // limits of their own.
  const pooled = { keepAlive: true, keepAliveMsecs: 10_000, maxFreeSockets: 4, timeout: 60_000 }
  const proxyEnv = { HTTP_PROXY: proxy.http, HTTPS_PROXY: proxy.https }
  const open = () => ({ direct: agentsOf(pooled), proxied: agentsOf({ ...pooled, proxyEnv }) })
  const opened = new Map<Reach, ReturnType<typeof open>>()
  return {
    of(reach: Reach) {
      const found = opened.get(reach) ?? open()
      opened.set(reach, found)
      return found
    },
    close() {
      for (const { direct, proxied } of opened.values()) {
        for (const agent of [...Object.values(direct), ...Object.values(proxied)]) agent.destroy()
      }
    },
  }
}

const agentsOf = (options: http.AgentOptions) => ({
  'http:': new http.Agent(options),
  'https:': new https.Agent(options),
})

/** The addresses of a name, as far as they can be resolved here within `glanceMs`. */
function glance(lookup: Lookup, name: string): Promise<string[]> {
  const { promise, resolve } = Promise.withResolvers<string[]>()
  const timer = setTimeout(resolve, glanceMs, [])
  lookup(name, (error, addresses) => resolve(error ? [] : addresses.map(addressOf)))
  return promise.finally(() => clearTimeout(timer))
}

/** The addresses of a name; none when it is not known. */
function resolve(lookup: Lookup, name: string): Promise<string[]> {
  return new Promise((done) => lookup(name, (error, addresses) => done(error ? [] : addresses.map(addressOf))))
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
