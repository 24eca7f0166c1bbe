import { matchedRoutes } from 'hono/route'
import type { AppContext } from '#http/app-env'
import { childTrace, parseTraceparent, type TraceContext } from '#lib/trace'
import { logRequest } from '#telemetry/access-log'
import { exportSpan } from '#telemetry/exporter'
import { count, observe } from '#telemetry/metrics'

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** The span of a request: below the caller's where a good `traceparent` came, else at the top of a new trace. */
export function openTrace(c: AppContext): TraceContext {
  return childTrace(parseTraceparent(c.req.header('traceparent')))
}

/** What the answer is told of: a line on the log, figures, a span. */
export function recordRequest(c: AppContext, startedAt: number): void {
  const endedAt = Date.now()
  const { status } = c.res
  const { method } = c.req
  // The pattern, not the path: paths of webhooks and links carry secrets.
  const route = matchedRoutes(c).findLast((matched) => matched.method !== 'ALL')?.path ?? null
  const trace = c.get('trace')
  const place = { request_id: c.get('requestId'), workspace_id: c.get('workspaceId') }
  const code = c.get('errorCode')
  const waitUntil = (work: Promise<unknown>): void => c.executionCtx.waitUntil(work)
  const ms = endedAt - startedAt
  logRequest(c.env, waitUntil, { ...place, trace_id: trace.traceId, method, route, status, code, ms })

  const labels = { method: METHODS.has(method) ? method : 'other', route: route ?? 'none' }
  count('http_requests', { ...labels, status })
  observe('http_request_seconds', labels, ms / 1000)
  exportSpan(c.env, waitUntil, {
    trace,
    parentSpanId: parseTraceparent(c.req.header('traceparent'))?.spanId,
    name: route === null ? labels.method : `${labels.method} ${route}`,
    kind: 'server',
    startedAt,
    endedAt,
    failed: status >= 500,
    attributes: {
      'http.request.method': labels.method,
      'http.route': route,
      'http.response.status_code': status,
      'error.type': status >= 500 ? code : undefined,
      'synapscale.request_id': place.request_id,
      'synapscale.workspace_id': place.workspace_id,
    },
  })
}

/**
 * How long the answer took, and PostgreSQL's part in it. Only for who has shown a token: to anybody else the exact time
 * of the database could tell whether an account exists.
 */
export function serverTiming(c: AppContext, startedAt: number): string | undefined {
  if (c.get('workspaceId') === undefined) return undefined
  return `db;dur=${Math.round(c.get('patience').waitedMs())}, total;dur=${Date.now() - startedAt}`
}
