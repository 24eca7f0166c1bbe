/** W3C Trace Context, version 00: https://www.w3.org/TR/trace-context/. `tracestate` is not kept. */

import { toHex } from './ids.ts'

/** A place in a trace: the span that what comes next belongs under. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits. */
  readonly spanId: string
  /** Whether whoever began the trace wants it recorded. */
  readonly sampled: boolean
}

/** A later version may say more behind the flags; 00 may not. */
const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-.*)?$/
const SAMPLED = 0x01

/** What a `traceparent` header says; undefined for none and for a bad one, which begins a trace anew. */
export function parseTraceparent(header: string | null | undefined): TraceContext | undefined {
  const [, version, traceId, spanId, flags] = TRACEPARENT.exec(header ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  if (version === '00' && header?.length !== 55) return undefined
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 }
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}

/** A new span below this one, or at the top of a new trace. */
export function childTrace(parent?: TraceContext): TraceContext {
  const { traceId = randomHex(16), sampled = true } = parent ?? {}
  return { traceId, spanId: randomHex(8), sampled }
}

function randomHex(bytes: number): string {
  return toHex(crypto.getRandomValues(new Uint8Array(bytes)))
}
