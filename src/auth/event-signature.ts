/** How receivers know that an event comes from here: https://www.standardwebhooks.com, version 1, symmetric. */
import { createHmac } from 'node:crypto'
import { signingKey } from './hook-token.ts'

/** The secret of a subscription. Nothing of it is stored: a copy of the database signs nothing. */
export function eventSecret(secretKey: string, subscriptionId: string, generation: number): string {
  const mac = createHmac('sha256', secretKey)
    .update(JSON.stringify(['event-secret', subscriptionId, generation]))
    .digest()
  return `whsec_${mac.toString('base64')}`
}

/**
 * The headers that sign a body.
 *
 * @param secrets the newest first; the one before it is there while receivers change over
 * @param now Unix milliseconds
 */
export function signEvent(secrets: readonly string[], id: string, body: string, now: number): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000))
  const signatures = secrets.map(
    (secret) => `v1,${createHmac('sha256', signingKey(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  )
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
