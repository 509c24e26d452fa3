import { setting } from './setting.ts'
import { cidr, list } from './units.ts'

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
}
