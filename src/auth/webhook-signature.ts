/** Who may call a webhook: https://www.standardwebhooks.com, or a bearer token. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { signingKey } from './hook-token.ts'

/** A signed request is good for this long, before and after its moment. */
const TOLERANCE_SECONDS = 5 * 60
/** A sender that rotates its keys signs with two; nobody signs with more than these. */
const MAX_SIGNATURES = 10

export interface SignedRequest {
  readonly headers: Pick<Headers, 'get'>
  readonly body: Uint8Array
}

/** Whether this secret signed the body, its id and its moment. @param now Unix milliseconds */
export function isSigned(secret: string, { headers, body }: SignedRequest, now: number): boolean {
  const id = headers.get('webhook-id')
  const timestamp = headers.get('webhook-timestamp')
  const signatures = headers.get('webhook-signature')
  if (id === null || timestamp === null || signatures === null || !/^\d{1,12}$/.test(timestamp)) return false
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return false
  const expected = createHmac('sha256', signingKey(secret)).update(`${id}.${timestamp}.`).update(body).digest()
  return signatures
    .split(' ', MAX_SIGNATURES)
    .some((signature) => signature.startsWith('v1,') && isSame(Buffer.from(signature.slice(3), 'base64'), expected))
}

/** Whether the request brings this secret as its token, compared in constant time. */
export function hasBearer(secret: string, headers: Pick<Headers, 'get'>): boolean {
  const [, token = ''] = /^bearer +(\S+)$/i.exec(headers.get('Authorization') ?? '') ?? []
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(token), digest(secret))
}

function isSame(given: Uint8Array, expected: Uint8Array): boolean {
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected)
}
