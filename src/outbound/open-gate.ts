import type { Config } from '#config'
import { parseAllowList } from './allow-list.ts'
import { createOutbound, type Outbound, type Transport } from './gate.ts'

/** Bindings of one machine that wrangler.toml does not have. */
export interface OutboundBindings {
  readonly OUTBOUND_PUBLIC?: Transport
  readonly OUTBOUND_INTERNAL?: Transport
}

/** The gate with the bindings and the allow list of this installation. */
export function openGate(env: OutboundBindings & object, config: Config): Outbound {
  const { OUTBOUND_PUBLIC, OUTBOUND_INTERNAL } = env
  return createOutbound({
    bindings: { ...(OUTBOUND_PUBLIC && { OUTBOUND_PUBLIC }), ...(OUTBOUND_INTERNAL && { OUTBOUND_INTERNAL }) },
    allow: parseAllowList(config.OUTBOUND_ALLOW),
  })
}
