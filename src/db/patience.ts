import { DatabaseUnavailable } from './errors.ts'
import type { Transport } from './wire.ts'

/** Below the 5 s within which a request is answered that PostgreSQL does not answer. */
const PATIENCE_MS = 4_000

/** Makes a transport share what is left of a request's patience. */
export type Patience = (transport: Transport) => Transport

/** The same for one request. */
export interface RequestPatience extends Patience {
  /** How long it has waited so far, its queries added up. */
  readonly waitedMs: () => number
}

/**
 * How long one request waits for PostgreSQL in all: several queries in a row, each with a deadline of its own, would add
 * up. Only the waiting counts, since a request may wait for other things as long as its client wants.
 */
export function createPatience(): RequestPatience {
  let waitedMs = 0
  const patience: Patience = (transport) => ({
    async run(statements) {
      const leftMs = PATIENCE_MS - waitedMs
      if (leftMs <= 0) throw new DatabaseUnavailable(`the request has waited ${PATIENCE_MS} ms for PostgreSQL`)
      const began = Date.now()
      try {
        return await transport.run(statements, leftMs)
      } finally {
        waitedMs += Date.now() - began
      }
    },
  })
  return Object.assign(patience, { waitedMs: () => waitedMs })
}
