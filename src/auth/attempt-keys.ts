/** Under which names wrong passwords are counted. */
import { createHash } from 'node:crypto'
import ipaddr from 'ipaddr.js'

/** One customer's usual share of IPv6: whoever has one address there has all of them. */
const IPV6_NETWORK_BITS = 64

/** Of an account, by its address in lower case. Hashed: whoever mistypes it leaves no address here. */
export function accountKey(email: string): string {
  return `account:${createHash('sha256').update(email).digest('hex')}`
}

/** Of where somebody comes from: an IPv4 address, or an IPv6 network. */
export function addressKey(address: string): string {
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return `address:${parsed.toString()}`
  return `address:${ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/${IPV6_NETWORK_BITS}`).toString()}/${IPV6_NETWORK_BITS}`
}
