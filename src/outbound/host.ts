// Special-use names (RFC 6761, 6762, 7686, 8375, 9476, ICANN's .internal), what home and office routers and clusters
// make up, and the names of metadata services that are in the public DNS. Where any name leads the network decides.
const RESERVED_SUFFIXES = [
  'localhost',
  'localdomain',
  'local',
  'internal',
  'intranet',
  'private',
  'corp',
  'mail',
  'svc',
  'consul',
  'home',
  'lan',
  'home.arpa',
  'in-addr.arpa',
  'ip6.arpa',
  'onion',
  'alt',
  'invalid',
  'test',
  'example',
  'metadata.goog',
  'metadata.tencentyun.com',
]

const MAX_NAME_LENGTH = 253

/**
 * The one spelling of a host that everything else compares: as the URL parser writes it (lower case, IDNA, dotted
 * decimal), without brackets and without the root's dot. Undefined for what cannot be a host.
 */
export function normaliseHost(hostname: string): string | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname.replace(/\.$/, '')
  if (bare.length > MAX_NAME_LENGTH || bare.split('.').includes('')) return undefined
  return bare
}

/** Why a name is not one of the public DNS (`name` or `reserved-name`), or undefined for one that may be. */
export function internalNameKind(name: string): string | undefined {
  if (!name.includes('.')) return name === 'localhost' ? 'loopback' : 'single-label-name'
  return RESERVED_SUFFIXES.some((suffix) => name === suffix || name.endsWith(`.${suffix}`))
    ? 'reserved-name'
    : undefined
}
