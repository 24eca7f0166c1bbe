import { formatTraceparent, type TraceContext } from '#lib/trace'
import type { Outbound } from './gate.ts'

/** The same gate, whose requests carry on a trace; who sets the header itself keeps it. */
export function withTrace(outbound: Outbound, trace: TraceContext | undefined): Outbound {
  if (trace === undefined) return outbound
  return {
    fetch(request, limits) {
      const headers = new Headers(request.headers)
      if (!headers.has('traceparent')) headers.set('traceparent', formatTraceparent(trace))
      return outbound.fetch({ ...request, headers }, limits)
    },
  }
}
