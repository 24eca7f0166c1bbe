/** `/variables` for older clients: their names for fields, secrets masked, and what they do with many at once. */
import { z } from '@hono/zod-openapi'
import { toEnvText } from '#core/variable/env-text'
import {
  OlderBulk,
  OlderExport,
  OlderImport,
  OlderInput,
  OlderPatch,
  OlderStats,
  OlderValidation,
  OlderVariable,
  shownValue,
  toOlder,
} from '#core/variable/older'
import { say } from '#core/messages'
import { VARIABLE_PROBLEMS } from '#core/variable/problems'
import { VariableFilter, VariableKey, type VariableImport, VariableOutcome } from '#core/variable/variable'
import { IdempotencyHeader, readIdempotency } from '#http/idempotency'
import { ById, pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import type { Ctx } from '#services/context'
import { allVariables } from '#services/variables/all-variables'
import { createVariable } from '#services/variables/create-variable'
import { deleteVariable } from '#services/variables/delete-variable'
import { findVariable } from '#services/variables/find-variable'
import { createVariables, importVariables } from '#services/variables/import-variables'
import { listVariables } from '#services/variables/list-variables'
import { summarizeVariables } from '#services/variables/summarize-variables'
import { updateVariable } from '#services/variables/update-variable'

const reads = { tag: 'variables', permission: 'variables:read' } as const
const writes = { tag: 'variables', permission: 'variables:write' } as const
const older = (pt: string, en: string) => ({ pt: `${pt} (clientes antigos)`, en: `${en} (older clients)` })

const OlderQuery = Paging.extend(VariableFilter.shape).extend({
  skip: z.coerce.number().int().min(0).max(1_000_000).optional(),
  limit: z.coerce.number().int().min(1).max(500).optional(),
})
const OlderPage = pageOf(OlderVariable)
  .extend({ variables: z.array(OlderVariable), categories: z.array(z.string()) })
  .meta({ id: 'UserVariablePage' })

const getAll = route({
  method: 'get',
  path: '/user-variables',
  ...reads,
  summary: older('Listar as variáveis', 'List the variables'),
  query: OlderQuery,
  answers: { 200: OlderPage },
})

const post = route({
  method: 'post',
  path: '/user-variables',
  ...writes,
  summary: older('Criar uma variável', 'Create a variable'),
  headers: IdempotencyHeader,
  body: OlderInput,
  answers: { 201: OlderVariable },
  errors: ['idempotency_key_reused', 'variable_exists', 'too_many_variables'],
})

const postBulk = route({
  method: 'post',
  path: '/user-variables/bulk',
  ...writes,
  summary: older('Criar várias variáveis', 'Create several variables'),
  body: OlderBulk,
  bodyLimitBytes: 4 * 1024 * 1024,
  answers: { 200: VariableOutcome },
})

const postImport = route({
  method: 'post',
  path: '/user-variables/import',
  ...writes,
  summary: older('Importar um arquivo .env', 'Import a .env file'),
  body: OlderImport,
  bodyLimitBytes: 4 * 1024 * 1024,
  answers: { 200: VariableOutcome },
})

const exported = {
  path: '/user-variables/export',
  ...reads,
  summary: older('Exportar as variáveis; segredos mascarados', 'Export the variables; secrets masked'),
  answers: { 200: z.object({ format: z.string(), content: z.string(), filename: z.string(), total: z.int() }) },
} as const
const getExport = route({ method: 'get', ...exported })
const postExport = route({ method: 'post', ...exported, body: OlderExport, bodyOptional: true })

const postValidate = route({
  method: 'post',
  path: '/user-variables/validate',
  ...reads,
  summary: older('Ver se um nome serve', 'See whether a key will do'),
  query: z.object({ key: z.string().max(1_000) }),
  answers: { 200: OlderValidation },
})

const getStats = route({
  method: 'get',
  path: '/user-variables/stats/summary',
  ...reads,
  summary: older('Contar as variáveis', 'Count the variables'),
  answers: { 200: OlderStats },
})

const getDict = route({
  method: 'get',
  path: '/user-variables/env/dict',
  ...reads,
  summary: older('As variáveis ativas por nome; segredos mascarados', 'Active variables by key; secrets masked'),
  answers: { 200: z.record(z.string(), z.string()) },
})

const getString = route({
  method: 'get',
  path: '/user-variables/env/string',
  ...reads,
  summary: older('As variáveis ativas como .env; segredos mascarados', 'Active variables as .env; secrets masked'),
  answers: { 200: z.object({ env_string: z.string() }) },
})

const getOne = route({
  method: 'get',
  path: '/user-variables/{id}',
  ...reads,
  summary: older('Ler uma variável', 'Read a variable'),
  params: ById,
  answers: { 200: OlderVariable },
})

const changes = {
  path: '/user-variables/{id}',
  ...writes,
  summary: older('Mudar uma variável', 'Change a variable'),
  params: ById,
  body: OlderPatch,
  answers: { 200: OlderVariable },
  errors: ['variable_exists', 'busy'],
} as const
const patch = route({ method: 'patch', ...changes })
const put = route({ method: 'put', ...changes })

const remove = route({
  method: 'delete',
  path: '/user-variables/{id}',
  ...writes,
  summary: older('Apagar uma variável', 'Delete a variable'),
  params: ById,
  answers: { 204: null },
})

async function listOlder(ctx: Ctx, { skip = 0, limit, ...filter }: z.infer<typeof OlderQuery>) {
  const paging = limit === undefined ? {} : { size: limit, page: Math.floor(skip / limit) + 1 }
  const page = await listVariables(ctx, { ...filter, ...paging })
  const items = page.items.map(toOlder)
  const categories = [...new Set(items.flatMap(({ category }) => category ?? []))]
  return { ...page, items, variables: items, categories }
}

async function exportAll(ctx: Ctx, format: 'env' | 'json') {
  const variables = await allVariables(ctx)
  const lines = variables.map((variable) => ({ key: variable.key, value: shownValue(variable) }))
  const content = format === 'env' ? toEnvText(lines) : JSON.stringify(toDict(lines), null, 2)
  return { format, content, filename: format === 'env' ? 'variables.env' : 'variables.json', total: lines.length }
}

function toImport({ env_content: content, ...order }: z.infer<typeof OlderImport>): VariableImport {
  const { overwrite_existing: overwrite, default_category: category, is_encrypted: secret } = order
  return { content, overwrite, category, secret }
}

async function activeLines(ctx: Ctx) {
  const active = (await allVariables(ctx)).filter(({ is_active }) => is_active)
  return active.map((variable) => ({ key: variable.key, value: shownValue(variable) }))
}

function toDict(lines: readonly { readonly key: string; readonly value: string }[]): Record<string, string> {
  return Object.fromEntries(lines.map(({ key, value }) => [key, value]))
}

function validateKey(ctx: Ctx, key: string) {
  const is_valid = VariableKey.safeParse(key).success
  const suggestion = key
    .replaceAll(/[^A-Za-z0-9_]/g, '_')
    .replace(/^(?=\d)/, '_')
    .slice(0, 128)
  return {
    key,
    is_valid,
    errors: is_valid ? [] : [say(VARIABLE_PROBLEMS.key, ctx.locale)],
    warnings: [],
    suggestions: is_valid || suggestion === '' ? [] : [suggestion],
  }
}

export const userVariableRoutes = createRoutes()
  .openapi(getAll, async (c) => c.json(await listOlder(c.var.ctx, c.req.valid('query')), 200))
  .openapi(post, async (c) =>
    c.json(toOlder(await createVariable(c.var.ctx, c.req.valid('json'), await readIdempotency(c))), 201),
  )
  .openapi(postBulk, async (c) => c.json(await createVariables(c.var.ctx, c.req.valid('json').variables), 200))
  .openapi(postImport, async (c) => c.json(await importVariables(c.var.ctx, toImport(c.req.valid('json'))), 200))
  .openapi(getExport, async (c) => c.json(await exportAll(c.var.ctx, 'env'), 200))
  .openapi(postExport, async (c) => c.json(await exportAll(c.var.ctx, c.req.valid('json').format), 200))
  .openapi(postValidate, (c) => c.json(validateKey(c.var.ctx, c.req.valid('query').key), 200))
  .openapi(getStats, async (c) => c.json(await summarizeVariables(c.var.ctx), 200))
  .openapi(getDict, async (c) => c.json(toDict(await activeLines(c.var.ctx)), 200))
  .openapi(getString, async (c) => c.json({ env_string: toEnvText(await activeLines(c.var.ctx)) }, 200))
  .openapi(getOne, async (c) => c.json(toOlder(await findVariable(c.var.ctx, c.req.valid('param').id)), 200))
  .openapi(patch, async (c) =>
    c.json(toOlder(await updateVariable(c.var.ctx, c.req.valid('param').id, c.req.valid('json'))), 200),
  )
  .openapi(put, async (c) =>
    c.json(toOlder(await updateVariable(c.var.ctx, c.req.valid('param').id, c.req.valid('json'))), 200),
  )
  .openapi(remove, async (c) => {
    await deleteVariable(c.var.ctx, c.req.valid('param').id)
    return c.body(null, 204)
  })
