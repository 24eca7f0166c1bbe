import { Validation, Workflow, WorkflowFilter, WorkflowInput, WorkflowPatch } from '#core/workflow/workflow'
import { IdempotencyHeader, readIdempotency } from '#http/idempotency'
import { ById, pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { createWorkflow } from '#services/workflows/create-workflow'
import { deleteWorkflow } from '#services/workflows/delete-workflow'
import { findWorkflow } from '#services/workflows/find-workflow'
import { listWorkflows } from '#services/workflows/list-workflows'
import { updateWorkflow } from '#services/workflows/update-workflow'
import { validateWorkflow } from '#services/workflows/validate-workflow'

/** A graph of some hundred nodes takes a tenth of this. */
const DEFINITION_LIMIT_BYTES = 4 * 1024 * 1024

const getWorkflows = route({
  method: 'get',
  path: '/workflows',
  tag: 'workflows',
  summary: { pt: 'Listar os workflows, do mais novo ao mais antigo', en: 'List the workflows, newest first' },
  permission: 'workflows:read',
  query: Paging.extend(WorkflowFilter.shape),
  answers: { 200: pageOf(Workflow).meta({ id: 'WorkflowPage' }) },
})

const postWorkflow = route({
  method: 'post',
  path: '/workflows',
  tag: 'workflows',
  summary: { pt: 'Criar um workflow', en: 'Create a workflow' },
  permission: 'workflows:write',
  headers: IdempotencyHeader,
  body: WorkflowInput,
  bodyLimitBytes: DEFINITION_LIMIT_BYTES,
  answers: { 201: Workflow },
  errors: ['slug_taken', 'idempotency_key_reused'],
})

const getWorkflow = route({
  method: 'get',
  path: '/workflows/{id}',
  tag: 'workflows',
  summary: { pt: 'Ler um workflow', en: 'Read a workflow' },
  permission: 'workflows:read',
  params: ById,
  answers: { 200: Workflow },
})

const changes = {
  path: '/workflows/{id}',
  tag: 'workflows',
  summary: { pt: 'Mudar um workflow', en: 'Change a workflow' },
  permission: 'workflows:write',
  params: ById,
  body: WorkflowPatch,
  bodyLimitBytes: DEFINITION_LIMIT_BYTES,
  answers: { 200: Workflow },
  errors: ['slug_taken'],
} as const
const patchWorkflow = route({ method: 'patch', ...changes })
const putWorkflow = route({ method: 'put', ...changes })

const removeWorkflow = route({
  method: 'delete',
  path: '/workflows/{id}',
  tag: 'workflows',
  summary: { pt: 'Apagar um workflow; suas execuções ficam', en: 'Delete a workflow; its executions stay' },
  permission: 'workflows:write',
  params: ById,
  answers: { 204: null },
})

const postValidate = route({
  method: 'post',
  path: '/workflows/{id}/validate',
  tag: 'workflows',
  summary: { pt: 'Ver todos os problemas do grafo salvo', en: 'See every problem of the saved graph' },
  permission: 'workflows:read',
  params: ById,
  answers: { 200: Validation },
})

/** Workflows: graphs that are saved, changed and checked. */
export const workflowRoutes = createRoutes()
  .openapi(getWorkflows, async (c) => c.json(await listWorkflows(c.var.ctx, c.req.valid('query')), 200))
  .openapi(postWorkflow, async (c) =>
    c.json(await createWorkflow(c.var.ctx, c.req.valid('json'), await readIdempotency(c)), 201),
  )
  .openapi(getWorkflow, async (c) => c.json(await findWorkflow(c.var.ctx, c.req.valid('param').id), 200))
  .openapi(patchWorkflow, async (c) =>
    c.json(await updateWorkflow(c.var.ctx, c.req.valid('param').id, c.req.valid('json')), 200),
  )
  .openapi(putWorkflow, async (c) =>
    c.json(await updateWorkflow(c.var.ctx, c.req.valid('param').id, c.req.valid('json')), 200),
  )
  .openapi(removeWorkflow, async (c) => {
    await deleteWorkflow(c.var.ctx, c.req.valid('param').id)
    return c.body(null, 204)
  })
  .openapi(postValidate, async (c) => c.json(await validateWorkflow(c.var.ctx, c.req.valid('param').id), 200))
