import { type Result, err, ok } from '#lib/result'
import { internalKind, parseAddress } from './addresses.ts'
import { type AllowList, isAllowed } from './allow-list.ts'
import type { OutboundRefusal } from './errors.ts'
import { internalNameKind, normaliseHost } from './host.ts'

export interface CheckedUrl {
  readonly url: URL
  /** Which network it leaves through: `internal` only for what the allow list names. */
  readonly route: 'public' | 'internal'
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }
const SHOWN_URL_CHARS = 200

/**
 * The text half of the gate. The URL parser undoes the disguises (octal, hex, short and full-width numbers, upper case,
 * percent-encoding); what it gives is what is fetched, so there is no second reading of the text. Only an address in a
 * public range or a name of the public DNS passes. What a name resolves to is the network half's business.
 */
export function checkUrl(text: string, allow: AllowList): Result<CheckedUrl, OutboundRefusal> {
  const url = URL.parse(text)
  const defaultPort = url === null ? undefined : DEFAULT_PORTS[url.protocol]
  // Nobody listens on port 0; what a system makes of it is its own affair.
  const isPortless = url?.port === '0'
  const host = url === null ? undefined : normaliseHost(url.hostname)
  if (url === null || host === undefined || defaultPort === undefined || isPortless) {
    return err({ code: 'outbound_invalid_url', params: { url: withoutSecrets(text) } })
  }
  if (url.username !== '' || url.password !== '') return err({ code: 'outbound_url_credentials', params: { host } })
  if (url.hostname.endsWith('.')) url.hostname = host
  const port = url.port === '' ? defaultPort : Number(url.port)
  if (isAllowed(allow, host, port)) return ok({ url, route: 'internal' })
  const address = parseAddress(host)
  const kind = address === undefined ? internalNameKind(host) : internalKind(address)
  if (kind !== undefined) return err({ code: 'outbound_not_allowed', params: { host, kind } })
  return ok({ url, route: 'public' })
}

/** A text that is no URL, without what may be a password or a key in a query. */
function withoutSecrets(text: string): string {
  return text
    .replace(/[?#].*$/s, '')
    .replace(/\/\/[^/]*@/, '//')
    .slice(0, SHOWN_URL_CHARS)
}
