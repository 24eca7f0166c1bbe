/** The hosts that a secret may be sent to: a name or an IPv4 address as it stands, or `*.name` for every name below. */
import { z } from 'zod'
import { VARIABLE_PROBLEMS } from './problems.ts'

/** As the URL parser writes it (lower case, IDNA, dotted decimal), so that both sides of a comparison agree. */
function normalise(host: string): string | undefined {
  const isWildcard = host.startsWith('*.')
  const name = isWildcard ? host.slice(2) : host
  if (!/^[^\s/\\?#@*%:[\]]+$/.test(name)) return undefined
  const parsed = URL.parse(`http://${name}`)?.hostname.replace(/\.$/, '')
  if (parsed === undefined || parsed === '' || parsed.length > 253 || parsed.split('.').includes('')) return undefined
  // `*.com` would be half the internet, and an address has nothing below it.
  if (isWildcard && (!parsed.includes('.') || /^[\d.]+$/.test(parsed))) return undefined
  return isWildcard ? `*.${parsed}` : parsed
}

export const Host = z
  .string()
  .trim()
  .max(255)
  .transform((text, context) => {
    const host = normalise(text)
    if (host !== undefined) return host
    context.addIssue({ code: 'custom', params: { sentence: VARIABLE_PROBLEMS.host } })
    return z.NEVER
  })

/** Whether one of these patterns names the host of a URL, whatever the port. */
export function isHostNamed(patterns: readonly string[], hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, '')
  return patterns.some((pattern) => (pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern))
}

/** Whether every host of `next` is one of `former` too; an empty list means every host. */
export function isNarrower(next: readonly string[], former: readonly string[]): boolean {
  if (former.length === 0) return true
  return next.length > 0 && next.every((pattern) => isHostNamed(former, pattern.replace(/^\*\./, 'any.')))
}
