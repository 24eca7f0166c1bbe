import { type Params, say } from '#core/messages'
import { OUTBOUND_MESSAGES, type OutboundCode } from './messages.ts'

/** Why a request does not leave: `checkUrl`'s evidence, and what `OutboundError` is made of. */
export interface OutboundRefusal {
  readonly code: OutboundCode
  /** Never a whole URL: query and user part may hold secrets. */
  readonly params: Params
}

// `unreachable` is among them because a failing DNS server looks the same to us as a name that does not exist.
const RETRYABLE: ReadonlySet<OutboundCode> = new Set(['outbound_timeout', 'outbound_network', 'outbound_unreachable'])

/** The one error of the outbound gate. `message` is for logs; people read `OUTBOUND_MESSAGES[code]` with `params`. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'
  readonly code: OutboundCode
  readonly params: Params
  readonly retryable: boolean

  constructor(refusal: OutboundRefusal, options?: { readonly cause: unknown }) {
    super(say(OUTBOUND_MESSAGES[refusal.code], 'en', refusal.params), options)
    this.code = refusal.code
    this.params = refusal.params
    this.retryable = RETRYABLE.has(refusal.code)
  }
}

/**
 * Turns what a transport threw into our error.
 *
 * workerd says "internal error" without a reason for three things: the network's policy refused the address that a name
 * resolved to, the name did not resolve, TLS failed. A refused, reset or cut connection is "Network connection lost."
 */
export function toOutboundError(error: unknown, host: string): OutboundError {
  if (error instanceof OutboundError) return error
  const isPlain = error instanceof Error && error.message.startsWith('internal error')
  return new OutboundError(
    { code: isPlain ? 'outbound_unreachable' : 'outbound_network', params: { host } },
    { cause: error },
  )
}
