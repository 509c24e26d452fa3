import { BlockList, isIP, isIPv4 } from 'node:net'

/** Ranges of addresses that are not public, or that lead inside indirectly (Q06, X08). `allow` opens some of them. */
const closed = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // ::/96 holds unspecified, loopback and the IPv4-compatible addresses; the next ranges are translated IPv4, NAT64
  // (twice), discard, Teredo, documentation, 6to4, documentation, segment routing, unique local, link-local,
  // site-local, multicast.
  '::/96',
  '::ffff:0:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]

/**
 * Which addresses a call may reach. `public`: what users enter (webhooks, scanners); one text for all refusals (H09).
 * `endpoint`: what a system administrator enters as another registry, which may lie inside; refusals name the address.
 * `onward`: where a public endpoint leads (redirects, token services): public only; refusals name the address.
 * `metadata`: the metadata service of the machine's cloud, by its address, and nothing else.
 */
export type Reach = 'public' | 'endpoint' | 'onward' | 'metadata'

/** Private networks (RFC 1918, RFC 6598, RFC 4193), where an endpoint may lie. */
const inside = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']

/** Metadata services: AWS, Azure, Google and others; AWS over IPv6; Google over IPv6; Amazon ECS and EKS. */
const metadata = ['169.254.169.254', 'fd00:ec2::254', 'fd20:ce::254', '169.254.170.2', '169.254.170.23', 'fd00:ec2::23']

/** What an endpoint never reaches: link-local, metadata services (also Alibaba's, and Azure's wire server). */
const never = ['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::/32', 'fd20:ce::254', '100.100.100.200', '168.63.129.16']

const loopback = ['127.0.0.0/8', '::1']

/** IPv4 addresses written as IPv6. A list of its own, as node:net finds every plain IPv4 address in that range, too. */
const mapped = rangesOf(['::ffff:0:0/96'])
const [shut, within, known] = [rangesOf(closed), rangesOf(inside), rangesOf(metadata)]
const [forbidden, local] = [rangesOf(never), rangesOf(loopback)]

/**
 * Returns the rule that says whether an address may be called. `allow`: internal addresses and CIDR ranges that are
 * open.
 */
export function addressRule(allow: string[]): (address: string) => boolean {
  const open = rangesOf(allow)
  return (address) => isIP(bareOf(address)) !== 0 && (holds(open, address) || isPublic(address))
}

/** True of an address in no closed range: the whole internet can reach it. */
export function isPublic(address: string): boolean {
  return isIP(bareOf(address)) !== 0 && !holds(shut, address) && !isMapped(address)
}

/**
 * Returns the rule that says why an address may not be called, or undefined when it may. The sentence is for a system
 * administrator: it names what kind of address it is, and the setting that opens it, if one does.
 */
export function refusals(allow: string[]): (address: string, reach: Reach) => string | undefined {
  const [open, isOpen] = [rangesOf(allow), addressRule(allow)]
  return (address, reach) => {
    if (isIP(bareOf(address)) === 0) return 'it is not an address'
    if (reach === 'metadata') return holds(known, address) ? undefined : 'it is not the address of a metadata service'
    if (reach === 'public') return isOpen(address) ? undefined : `it is inside${byAllow(address)}`
    if (isMapped(address)) return 'it is an IPv4 address written as IPv6'
    if (holds(forbidden, address)) {
      return 'it is link-local or a metadata service, which Marina never calls, whatever MARINA_OUTBOUND_ALLOW says'
    }
    if (holds(open, address) || isPublic(address) || (reach === 'endpoint' && holds(within, address))) return undefined
    const what = holds(local, address)
      ? 'it is a loopback address'
      : reach === 'onward'
        ? 'a public registry may not lead to an inside address'
        : 'it is in a reserved range'
    return what + byAllow(address)
  }
}

const byAllow = (address: string) => ` (an operator opens it: add ${bareOf(address)} to MARINA_OUTBOUND_ALLOW)`

/** Without its zone (`%eth0`), which does not matter for the range. */
const bareOf = (address: string): string => address.split('%')[0]!

const holds = (list: BlockList, address: string): boolean => {
  const bare = bareOf(address)
  return list.check(bare, isIP(bare) === 6 ? 'ipv6' : 'ipv4')
}

const isMapped = (address: string): boolean => isIP(bareOf(address)) === 6 && holds(mapped, address)

function rangesOf(ranges: string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    const kind = isIPv4(address) ? 'ipv4' : 'ipv6'
    if (bits === undefined) list.addAddress(address, kind)
    else list.addSubnet(address, Number(bits), kind)
  }
  return list
}
