import { createConnection } from './connection.ts'
import { createPool } from './pool.ts'
import type { Transport } from './wire.ts'

/** Of the six outgoing connections that an invocation may have, what is left over is for fetches. */
const SIZE = 3
/** In an actor an open connection would keep the actor awake; the next event opens another one, to the machine's own Hyperdrive. */
const IDLE_MS = 1_000

/** A transport for one invocation: Hyperdrive pools behind it, and sockets cannot outlive the invocation. */
export function hyperdriveTransport(connectionString: string): Transport {
  const create = () => createConnection({ url: connectionString, prepare: true })
  return createPool({ create, size: SIZE, idleMs: IDLE_MS })
}
