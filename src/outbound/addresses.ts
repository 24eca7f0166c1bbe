import ipaddr from 'ipaddr.js'

export type Address = ipaddr.IPv4 | ipaddr.IPv6

/**
 * Ranges that are not public although workerd's `network: { allow: ['public'] }` lets them through (measured). They
 * belong in that binding's `deny`, which takes them as they are; the check by text uses the same list.
 */
export const NEVER_PUBLIC_CIDRS = [
  '0.0.0.0/8',
  // Azure's metadata and wire server: inside a public range, answered by the host itself.
  '168.63.129.16/32',
  // Documentation, benchmarking and the 6to4 relays (RFC 5737, 2544, 7526).
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  // Global unicast is 2000::/3 alone (RFC 4291). Outside it lie NAT64, IPv4-mapped and -compatible, site-local, …
  '::/3',
  '4000::/2',
  '8000::/1',
  // 6to4 and Teredo carry an IPv4 address inside; the others are documentation.
  '2001::/32',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
] as const

const NEVER_PUBLIC = NEVER_PUBLIC_CIDRS.map((cidr) => ipaddr.parseCIDR(cidr))

/** The address that a normalised host is, or undefined for a name. */
export function parseAddress(host: string): Address | undefined {
  return ipaddr.isValid(host) ? ipaddr.parse(host) : undefined
}

/** Whether an address lies in a CIDR; an IPv4-mapped one counts as the IPv4 address that it reaches. */
export function isWithin(address: Address, [base, bits]: readonly [Address, number]): boolean {
  const same = address.kind() === base.kind()
  if (same && address.match(base, bits)) return true
  return (
    address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && isWithin(address.toIPv4Address(), [base, bits])
  )
}

/** What keeps an address from being public (`loopback`, `private`, …), or undefined for one that is. */
export function internalKind(address: Address): string | undefined {
  const range = address.range()
  if (range !== 'unicast') return range
  return NEVER_PUBLIC.some((cidr) => isWithin(address, cidr)) ? 'reserved' : undefined
}
