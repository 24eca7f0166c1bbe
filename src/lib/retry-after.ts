/**
 * How long a server asks to wait, in milliseconds: `retry-after-ms` (OpenAI), else `Retry-After` in seconds or as a date (RFC 9110, 10.2.3).
 *
 * @param headers names in lower case
 * @param now Unix milliseconds, best by the server's own `Date`; NaN when a date cannot be read against anything
 */
export function parseRetryAfterMs(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const { 'retry-after-ms': milliseconds, 'retry-after': text } = headers
  if (milliseconds !== undefined && isDecimal(milliseconds)) return Math.round(Number(milliseconds))
  if (text === undefined) return undefined
  if (isDecimal(text)) return Math.round(Number(text) * 1000)
  const wait = Date.parse(text) - now
  return Number.isNaN(wait) ? undefined : Math.max(0, wait)
}

function isDecimal(text: string): boolean {
  return /^\d+(\.\d+)?$/.test(text)
}
