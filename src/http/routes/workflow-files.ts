import { z } from '@hono/zod-openapi'
import { ImportInput, WorkflowFile } from '#core/workflow-file/file'
import { ImportAnswer, ImportOptions } from '#core/workflow-file/import'
import { IdempotencyHeader, readIdempotency } from '#http/idempotency'
import { ById } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { exportWorkflow } from '#services/workflow-files/export-workflow'
import { importWorkflows } from '#services/workflow-files/import-workflows'

const FILES_LIMIT_BYTES = 4 * 1024 * 1024

const getExport = route({
  method: 'get',
  path: '/workflows/{id}/export',
  tag: 'workflows',
  summary: {
    pt: 'Exportar o rascunho como arquivo para o git: YAML ou JSON, sem ids nem credenciais',
    en: 'Export the draft as a file for git: YAML or JSON, without ids and credentials',
  },
  permission: 'workflows:read',
  params: ById,
  query: z.object({ format: z.enum(['yaml', 'json']).default('yaml') }),
  answers: { 200: null },
  media: { 'application/yaml': z.string(), 'application/json': WorkflowFile },
})

const postImport = route({
  method: 'post',
  path: '/workflows/import',
  tag: 'workflows',
  summary: {
    pt: 'Criar ou mudar workflows a partir de arquivos: um, vários documentos YAML, ou { workflows: [] }; todos ou nenhum',
    en: 'Create or change workflows from files: one, several YAML documents, or { workflows: [] }; all or none',
  },
  permission: 'workflows:write',
  headers: IdempotencyHeader,
  query: ImportOptions,
  body: ImportInput,
  bodyLimitBytes: FILES_LIMIT_BYTES,
  files: 'workflows',
  answers: { 200: ImportAnswer },
  errors: ['malformed_yaml', 'slug_taken', 'idempotency_key_reused'],
})

/** Workflows as files. */
export const workflowFileRoutes = createRoutes()
  .openapi(getExport, async (c) => {
    const { format } = c.req.valid('query')
    const { filename, text } = await exportWorkflow(c.var.ctx, c.req.valid('param').id, format)
    c.header('Content-Type', `application/${format}; charset=utf-8`)
    c.header('Content-Disposition', `attachment; filename="${filename}"`)
    return c.newResponse(text, 200)
  })
  .openapi(postImport, async (c) =>
    c.json(await importWorkflows(c.var.ctx, c.req.valid('json'), c.req.valid('query'), await readIdempotency(c)), 200),
  )
