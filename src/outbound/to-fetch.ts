import type { Outbound, OutboundLimits } from './gate.ts'
import type { SecretFill } from './secrets.ts'

/**
 * The gate in the shape that SDKs take: every request that they make goes through it.
 *
 * @param secrets puts values where the SDK was given placeholders
 */
export function toFetch(outbound: Outbound, limits: OutboundLimits, secrets?: SecretFill): typeof fetch {
  return (input, init) => {
    // Not `new Request(input, init)`: it would choose a form's boundary now, and the gate another one on sending.
    const request = input instanceof Request ? input : undefined
    const signals = [init?.signal ?? request?.signal, limits.signal].flatMap((signal) => signal ?? [])
    return outbound.fetch(
      {
        url: urlOf(input),
        method: init?.method ?? request?.method,
        headers: init?.headers ?? request?.headers,
        body: init?.body ?? request?.body,
        redirect: (init?.redirect ?? request?.redirect) === 'manual' ? 'manual' : 'follow',
        secrets,
      },
      { ...limits, signal: AbortSignal.any(signals) },
    )
  }
}

function urlOf(input: RequestInfo | URL): string {
  if (typeof input === 'string') return input
  return input instanceof URL ? input.href : input.url
}
