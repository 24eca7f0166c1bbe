import { workflowRun } from '#actors'
import type { ExecutionRecord } from '#core/workflow/execution'
import type { RunResponse } from '#core/workflow/event'
import { isFinal } from '#core/workflow/run'
import { readRecord } from '#services/executions/present-record'
import type { Hook } from '#services/triggers/find-hook'

/** Ours to say (the connection, the origin's security), or a way to speak for our origin. */
const KEPT_HEADERS = new RegExp(
  [
    '^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|content-length|content-encoding|date|server',
    'set-cookie2?|clear-site-data|strict-transport-security|content-security-policy.*|x-content-type-options',
    'x-request-id|service-worker-allowed|alt-svc|nel|report-to|reporting-endpoints|refresh)$',
  ].join('|'),
  'i',
)
/** What a workflow says is served from our origin: it may be shown and may do nothing there. */
const SANDBOX = { 'Content-Security-Policy': "sandbox; default-src 'none'", 'X-Content-Type-Options': 'nosniff' }
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

/** What the caller of a webhook is told, by its response mode. */
export async function answerRun(env: Env, { config, workspaceId }: Hook, started: ExecutionRecord): Promise<Response> {
  const { response, timeout_ms } = config
  if (response === 'immediately') return accepted(started)
  const run = workflowRun(env, started.id)
  const place = { env, workspaceId, executionId: started.id }
  if (response === 'on_respond') {
    const said = await run.waitResponse(workspaceId, timeout_ms)
    if (said !== undefined) return toResponse(await readRecord(place, said), started.id)
  } else await run.waitFinished(workspaceId, timeout_ms)
  const now = (await run.describe(workspaceId)) ?? started
  if (!isFinal(now.status)) return accepted(now)
  if (now.status !== 'completed') return Response.json(brief(now), { status: 500 })
  const answer = response === 'on_finish' ? (await readRecord(place, now)).output : brief(now)
  return Response.json(answer, { headers: headersOf(now.id) })
}

function accepted(execution: ExecutionRecord): Response {
  return Response.json(brief(execution), { status: 202 })
}

/** What went wrong is for those who maintain the workflow. */
function brief({ id, status }: ExecutionRecord) {
  return { execution_id: id, status }
}

function toResponse(
  { status, headers: wanted, body }: Omit<RunResponse, 'body'> & { readonly body: unknown },
  id: string,
): Response {
  const headers = new Headers()
  for (const [name, value] of Object.entries(wanted)) {
    // A value with a line break in it, for one, is no header.
    if (!KEPT_HEADERS.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)) headers.set(name, value)
  }
  for (const [name, value] of Object.entries(headersOf(id))) headers.set(name, value)
  if (BODILESS.has(status)) return new Response(null, { status, headers })
  const isText = typeof body === 'string'
  if (!headers.has('Content-Type'))
    headers.set('Content-Type', isText ? 'text/plain; charset=utf-8' : 'application/json')
  return new Response(isText ? body : JSON.stringify(body), { status, headers })
}

function headersOf(executionId: string): Record<string, string> {
  return { ...SANDBOX, 'X-Execution-Id': executionId }
}
