import { optional, setting } from './setting.ts'
import { cidr, line, list, proxy } from './units.ts'

/** Calls to the outside: webhooks, scanners, the server that the audit log is sent on to. */
export const outbound = {
  allow: setting<'MARINA_OUTBOUND_ALLOW', string[]>({
    env: 'MARINA_OUTBOUND_ALLOW',
    path: 'outbound.allow',
    parse: list(cidr),
    fallback: [],
    show: (all) => all.join(','),
    help: 'inside addresses and CIDR ranges that webhooks and other calls to the outside may reach all the same',
  }),
  httpsProxy: setting({
    env: 'MARINA_HTTPS_PROXY',
    path: 'outbound.https_proxy',
    parse: optional(proxy),
    fallback: undefined,
    secret: true,
    help: 'proxy for calls to https URLs, such as http://proxy.example:3128; HTTPS_PROXY by default',
  }),
  httpProxy: setting({
    env: 'MARINA_HTTP_PROXY',
    path: 'outbound.http_proxy',
    parse: optional(proxy),
    fallback: undefined,
    secret: true,
    help: 'proxy for calls to http URLs; HTTP_PROXY by default',
  }),
  noProxy: setting({
    env: 'MARINA_NO_PROXY',
    path: 'outbound.no_proxy',
    parse: optional(line),
    fallback: undefined,
    help: 'hosts, domains, addresses and CIDR ranges called without a proxy, separated by commas; NO_PROXY by default',
  }),
}
