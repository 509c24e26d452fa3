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

/** IPv4 addresses written as IPv6. A list of its own, as node:net finds every plain IPv4 address in that range, too. */
const mapped = rangesOf(['::ffff:0:0/96'])

/**
 * Returns the rule that says whether an address may be called. `allow`: internal addresses and CIDR ranges that are
 * open.
 */
export function addressRule(allow: string[]): (address: string) => boolean {
  const [shut, open] = [rangesOf(closed), rangesOf(allow)]
  return (address) => {
    // Without its zone (`%eth0`), which does not matter for the range.
    const [bare = ''] = address.split('%')
    const family = isIP(bare)
    if (family === 0) return false
    const kind = family === 4 ? 'ipv4' : 'ipv6'
    return open.check(bare, kind) || !(shut.check(bare, kind) || (family === 6 && mapped.check(bare, kind)))
  }
}

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
