import { z } from '@hono/zod-openapi'
import { AnyJson, AnyJsonObject } from '#core/json'
import { Execution, ExecutionFilter, ExecutionFrame, NodeVisit } from '#core/workflow/execution'
import { ExecuteInput } from '#core/workflow/workflow'
import type { AppContext } from '#http/app-env'
import { LastEventId, wantsEvents } from '#http/event-stream'
import { IdempotencyHeader, readIdempotency } from '#http/idempotency'
import { ById, pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { streamExecution } from '#http/stream-execution'
import { Started, Wait } from '#http/started'
import { findExecution } from '#services/executions/find-execution'
import { findValue } from '#services/executions/find-value'
import { listEvents } from '#services/executions/list-events'
import { listExecutions } from '#services/executions/list-executions'
import { listNodeVisits } from '#services/executions/list-node-visits'
import { listWorkflowExecutions } from '#services/executions/list-workflow-executions'
import { startExecution, type Starting } from '#services/executions/start-execution'
import { toStarted } from '#services/executions/to-started'
import { waitExecution } from '#services/executions/wait-execution'

const starting = {
  tag: 'executions',
  permission: 'executions:run',
  query: Wait,
  headers: IdempotencyHeader,
  answers: { 200: Execution, 202: Started },
  errors: ['not_found', 'workflow_invalid', 'idempotency_key_reused'],
} as const

const postExecute = route({
  ...starting,
  method: 'post',
  path: '/workflows/{id}/execute',
  summary: { pt: 'Executar um workflow', en: 'Execute a workflow' },
  params: ById,
  body: ExecuteInput,
  bodyOptional: true,
})

const postExecution = route({
  ...starting,
  method: 'post',
  path: '/executions',
  summary: { pt: 'Executar um workflow pelo seu id', en: 'Execute a workflow by its id' },
  // `input_data` is what the former backend's clients send.
  body: ExecuteInput.extend({ workflow_id: z.uuid(), input_data: AnyJsonObject.optional() }),
})

const getExecutions = route({
  method: 'get',
  path: '/executions',
  tag: 'executions',
  summary: { pt: 'Listar as execuções, da mais nova à mais antiga', en: 'List the executions, newest first' },
  permission: 'executions:read',
  query: Paging.extend(ExecutionFilter.shape),
  answers: { 200: pageOf(Execution).meta({ id: 'ExecutionPage' }) },
})

const getWorkflowExecutions = route({
  method: 'get',
  path: '/workflows/{id}/executions',
  tag: 'executions',
  summary: { pt: 'Listar as execuções de um workflow', en: "List a workflow's executions" },
  permission: 'executions:read',
  params: ById,
  query: Paging.extend(ExecutionFilter.omit({ workflow_id: true }).shape),
  answers: { 200: pageOf(Execution).meta({ id: 'ExecutionPage' }) },
})

const getExecution = route({
  method: 'get',
  path: '/executions/{id}',
  tag: 'executions',
  summary: { pt: 'Ler uma execução como está agora', en: 'Read an execution as it stands now' },
  permission: 'executions:read',
  params: ById,
  answers: { 200: Execution },
})

const getNodes = route({
  method: 'get',
  path: '/executions/{id}/nodes',
  tag: 'executions',
  summary: { pt: 'Ler o que cada nó fez, em ordem de tempo', en: 'Read what each node did, in order of time' },
  permission: 'executions:read',
  params: ById,
  query: Paging.extend({ node_id: z.string().optional(), visit: z.coerce.number().int().min(1).optional() }),
  answers: { 200: pageOf(NodeVisit.meta({ id: 'NodeVisit' })).meta({ id: 'NodeVisitPage' }) },
})

const getValue = route({
  method: 'get',
  path: '/executions/{id}/values/{sha256}',
  tag: 'executions',
  summary: {
    pt: 'Ler um valor grande por inteiro, como JSON: o "url" de onde ele foi deixado de fora',
    en: 'Read a large value as a whole, as JSON: the "url" of where it was left out',
  },
  permission: 'executions:read',
  params: ById.extend({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  query: z.object({ index: z.coerce.number().int().min(0).optional().describe('Only this member of a list.') }),
  answers: { 200: null },
  media: { 'application/json': AnyJson },
})

const getEvents = route({
  method: 'get',
  path: '/executions/{id}/events',
  tag: 'executions',
  summary: { pt: 'Ler os eventos depois de "after"', en: 'Read the events behind "after"' },
  permission: 'executions:read',
  description: {
    pt: 'Com `Accept: text/event-stream` vêm como server-sent events, também os que ainda acontecem, até o último.',
    en: 'With `Accept: text/event-stream` they come as server-sent events, those to come included, up to the last.',
  },
  params: ById,
  headers: LastEventId,
  query: z.object({
    after: z.coerce.number().int().min(0).default(0),
    limit: z.coerce.number().int().min(1).max(500).default(100),
  }),
  answers: { 200: z.object({ items: z.array(ExecutionFrame.meta({ id: 'ExecutionEvent' })) }) },
  streams: true,
  errors: ['busy'],
})

async function toStarting(c: Pick<AppContext, 'req' | 'var'>, wait: number | undefined): Promise<Starting> {
  return { trigger: 'manual', idempotency: await readIdempotency(c), isAwaited: wait !== undefined && wait > 0 }
}

/** Executions: started, followed and read. */
export const executionRoutes = createRoutes()
  .openapi(postExecute, async (c) => {
    const { ctx } = c.var
    const { wait } = c.req.valid('query')
    const how = await toStarting(c, wait)
    const started = await startExecution(ctx, c.req.valid('param').id, c.req.valid('json'), how)
    const finished = await waitExecution(ctx, started, wait)
    return finished === undefined ? c.json(toStarted(ctx, started), 202) : c.json(finished, 200)
  })
  .openapi(postExecution, async (c) => {
    const { ctx } = c.var
    const { workflow_id, input_data, ...rest } = c.req.valid('json')
    const { wait } = c.req.valid('query')
    const input = { ...rest, inputs: input_data ?? rest.inputs }
    const started = await startExecution(ctx, workflow_id, input, await toStarting(c, wait))
    const finished = await waitExecution(ctx, started, wait)
    return finished === undefined ? c.json(toStarted(ctx, started), 202) : c.json(finished, 200)
  })
  .openapi(getExecutions, async (c) => c.json(await listExecutions(c.var.ctx, c.req.valid('query')), 200))
  .openapi(getWorkflowExecutions, async (c) =>
    c.json(await listWorkflowExecutions(c.var.ctx, c.req.valid('param').id, c.req.valid('query')), 200),
  )
  .openapi(getExecution, async (c) => c.json(await findExecution(c.var.ctx, c.req.valid('param').id), 200))
  .openapi(getNodes, async (c) =>
    c.json(await listNodeVisits(c.var.ctx, c.req.valid('param').id, c.req.valid('query')), 200),
  )
  .openapi(getValue, async (c) => {
    const { id, sha256 } = c.req.valid('param')
    const value = await findValue(c.var.ctx, id, sha256, c.req.valid('query').index)
    c.header('Content-Type', 'application/json')
    c.header('Content-Disposition', `attachment; filename="${sha256.slice(0, 12)}.json"`)
    return c.newResponse(value, 200)
  })
  .openapi(getEvents, async (c) => {
    const { after, limit } = c.req.valid('query')
    const { id } = c.req.valid('param')
    if (wantsEvents(c)) return streamExecution(c.var.ctx, id, c.req.valid('header')['last-event-id'] ?? after)
    return c.json({ items: await listEvents(c.var.ctx, id, after, limit) }, 200)
  })
