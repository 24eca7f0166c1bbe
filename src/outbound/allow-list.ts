import { ConfigError } from '#config'
import ipaddr from 'ipaddr.js'
import { type Address, isWithin, parseAddress } from './addresses.ts'
import { normaliseHost } from './host.ts'

type AllowItem = { readonly port: number | undefined } & (
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'subdomains'; readonly suffix: string }
  | { readonly kind: 'range'; readonly cidr: readonly [Address, number] }
)

export type AllowList = readonly AllowItem[]

/**
 * Reads the items of `OUTBOUND_ALLOW`: a host name, `*.name` (its subdomains), an address or a CIDR, each with an
 * optional `:port` (IPv6 then in brackets).
 *
 * @throws ConfigError naming every item that is none of these
 */
export function parseAllowList(items: readonly string[]): AllowList {
  const parsed = items.map((item) => ({ item, result: parseItem(item) }))
  const problems = parsed.filter(({ result }) => result === undefined)
  if (problems.length > 0) {
    throw new ConfigError(problems.map(({ item }) => `OUTBOUND_ALLOW: "${item}" is no host, address or CIDR`))
  }
  return parsed.flatMap(({ result }) => result ?? [])
}

/** Whether a normalised host may be reached on a port although it is internal. */
export function isAllowed(list: AllowList, host: string, port: number): boolean {
  const address = parseAddress(host)
  return list.some((item) => (item.port === undefined || item.port === port) && matches(item, host, address))
}

function matches(item: AllowItem, host: string, address: Address | undefined): boolean {
  if (item.kind === 'range') return address !== undefined && isWithin(address, item.cidr)
  if (item.kind === 'subdomains') return host.endsWith(`.${item.suffix}`)
  return host === item.name
}

function parseItem(item: string): AllowItem | undefined {
  if (isIPv6(item)) return { kind: 'range', cidr: toCidr(item), port: undefined }
  const [, bracketed, plain, portText] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(item) ?? []
  const port = portText === undefined ? undefined : Number(portText)
  if (port !== undefined && (port === 0 || port > 65_535)) return undefined
  if (bracketed !== undefined) return isIPv6(bracketed) ? { kind: 'range', cidr: toCidr(bracketed), port } : undefined
  if (plain === undefined) return undefined
  if (ipaddr.IPv4.isValidCIDRFourPartDecimal(plain)) return { kind: 'range', cidr: toCidr(plain), port }
  return parseName(plain, port)
}

function parseName(text: string, port: number | undefined): AllowItem | undefined {
  const isWildcard = text.startsWith('*.')
  const name = readName(isWildcard ? text.slice(2) : text)
  if (name === undefined) return undefined
  const address = parseAddress(name)
  if (address === undefined)
    return isWildcard ? { kind: 'subdomains', suffix: name, port } : { kind: 'name', name, port }
  return isWildcard ? undefined : { kind: 'range', cidr: toCidr(name), port }
}

/** Spells a name as the URL parser does, so that both sides of a comparison went through the same rules. */
function readName(text: string): string | undefined {
  if (/[\s/\\?#@*%]/.test(text)) return undefined
  try {
    return normaliseHost(new URL(`http://${text}`).hostname)
  } catch {
    return undefined
  }
}

function isIPv6(text: string): boolean {
  return ipaddr.IPv6.isValid(text) || ipaddr.IPv6.isValidCIDR(text)
}

function toCidr(text: string): readonly [Address, number] {
  if (text.includes('/')) return ipaddr.parseCIDR(text)
  const address = ipaddr.parse(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}
