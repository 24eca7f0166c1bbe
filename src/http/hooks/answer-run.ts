import { workflowRun } from '#actors'
import type { ExecutionRecord } from '#core/workflow/execution'
import type { RunResponse } from '#core/workflow/event'
import { isFinal } from '#core/workflow/run'
import { type Hole, takeOut, withHoles } from '#core/workflow/value'
import type { PublicCtx } from '#services/context'
import { findArchivedState } from '#services/executions/find-archived-state'
import { readRecord } from '#services/executions/present-record'
import type { Hook } from '#services/triggers/find-hook'
import type { StartedHook } from '#services/triggers/start-hook'

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
export async function answerRun(
  ctx: PublicCtx,
  { config, workspaceId }: Hook,
  started: StartedHook,
): Promise<Response> {
  const { response, timeout_ms } = config
  const { execution } = started
  if (response === 'immediately') return accepted(execution)
  const { env } = ctx
  const run = workflowRun(env, execution.id)
  const place = { env, workspaceId, executionId: execution.id }
  const isOver = isFinal(execution.status) && started.isFresh !== true
  if (response === 'on_respond') {
    const said = isOver ? await findSaid(ctx, workspaceId, started) : await run.waitResponse(workspaceId, timeout_ms)
    if (said !== undefined) return toResponse(await readRecord(place, said), execution.id)
  } else if (!isOver) await run.waitFinished(workspaceId, timeout_ms)
  const now = isOver ? execution : ((await run.describe(workspaceId)) ?? execution)
  if (!isFinal(now.status)) return accepted(now)
  if (now.status !== 'completed') return Response.json(brief(now), { status: 500 })
  const answer = response === 'on_finish' ? (await readRecord(place, now)).output : brief(now)
  return Response.json(answer, { headers: headersOf(now.id) })
}

/** What an execution said that is over: it is at hand, or in its archive, or in its actor yet. */
async function findSaid(ctx: PublicCtx, workspaceId: string, { execution, response }: StartedHook) {
  const said =
    response ??
    (await findArchivedState(ctx, workspaceId, execution.id))?.response ??
    (await workflowRun(ctx.env, execution.id).waitResponse(workspaceId, 0))
  if (said === undefined) return undefined
  const holes: Hole[] = []
  return { ...said, body: takeOut(said.body, ['body'], holes), ...withHoles(holes) }
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
