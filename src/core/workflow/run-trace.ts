import { parseTraceparent, type TraceContext } from '#lib/trace'
import type { VisitRef } from './event.ts'
import type { RunHeader } from './execution.ts'
import { visitKey } from './run.ts'

/**
 * The span of an execution. It follows from the execution's id, so that it is the same after a crash; what nothing
 * traced has begun is a trace of its own, with the execution's id.
 */
export function runTrace({ executionId, traceparent }: Pick<RunHeader, 'executionId' | 'traceparent'>): TraceContext {
  const hex = executionId.replaceAll('-', '')
  const { traceId = hex, sampled = true } = parseTraceparent(traceparent) ?? {}
  // Of a UUID the second half is never zero: its variant is in it.
  return { traceId, spanId: hex.slice(16), sampled }
}

/** The span of a visit, likewise the same on every attempt and after a crash. */
export function visitTrace(run: TraceContext, visit: VisitRef): TraceContext {
  return { ...run, spanId: hash(`${run.spanId}/${visitKey(visit)}`) }
}

/** FNV-1a of 64 bits in hexadecimal: well spread, and no secret. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text))
    value = ((value ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn
  return value.toString(16).padStart(16, '0')
}
