/** Spans as OTLP/HTTP takes them, in JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding. */
import packageJson from '#package.json' with { type: 'json' }
import type { TraceContext } from '#lib/trace'

type Attribute = string | number | boolean | null | undefined

export interface Span {
  readonly trace: TraceContext
  readonly parentSpanId?: string | undefined
  readonly name: string
  /** What the span is to others: it answers somebody, asks somebody, or neither. */
  readonly kind: 'internal' | 'server' | 'client'
  /** Unix milliseconds. */
  readonly startedAt: number
  readonly endedAt: number
  readonly failed: boolean
  readonly attributes: Readonly<Record<string, Attribute>>
}

const KINDS = { internal: 1, server: 2, client: 3 } as const
const ERROR = 2
const NANOSECONDS = '000000'

/** The body of a POST to `/v1/traces`. */
export function toOtlp(spans: readonly Span[], serviceName: string): object {
  const resource = { 'service.name': serviceName, 'service.version': packageJson.version }
  const scope = { name: packageJson.name, version: packageJson.version }
  return {
    resourceSpans: [
      {
        resource: { attributes: toAttributes(resource) },
        scopeSpans: [{ scope, spans: spans.map(toOtlpSpan) }],
      },
    ],
  }
}

function toOtlpSpan({ trace, parentSpanId, name, kind, startedAt, endedAt, failed, attributes }: Span): object {
  return {
    traceId: trace.traceId,
    spanId: trace.spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name,
    kind: KINDS[kind],
    startTimeUnixNano: `${Math.floor(startedAt)}${NANOSECONDS}`,
    endTimeUnixNano: `${Math.floor(endedAt)}${NANOSECONDS}`,
    attributes: toAttributes(attributes),
    status: failed ? { code: ERROR } : {},
  }
}

function toAttributes(attributes: Span['attributes']): object[] {
  return Object.entries(attributes).flatMap(([key, value]): object[] =>
    value === null || value === undefined ? [] : [{ key, value: toValue(value) }],
  )
}

function toValue(value: string | number | boolean): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  // 64 bits are text in protobuf's JSON.
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}
