import { z } from '@hono/zod-openapi'
import { toEnvText } from '#core/variable/env-text'
import { shownValue } from '#core/variable/older'
import { VariableUsage } from '#core/variable/usage'
import {
  Variable,
  VariableFilter,
  VariableImport,
  VariableInput,
  VariableOutcome,
  VariablePatch,
} from '#core/variable/variable'
import { IdempotencyHeader, readIdempotency } from '#http/idempotency'
import { ById, pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { allVariables } from '#services/variables/all-variables'
import { createVariable } from '#services/variables/create-variable'
import { deleteVariable } from '#services/variables/delete-variable'
import { findUsage } from '#services/variables/find-usage'
import { findVariable } from '#services/variables/find-variable'
import { importVariables } from '#services/variables/import-variables'
import { listVariables } from '#services/variables/list-variables'
import { updateVariable } from '#services/variables/update-variable'

const getVariables = route({
  method: 'get',
  path: '/variables',
  tag: 'variables',
  summary: { pt: 'Listar as variáveis, da mais nova à mais antiga', en: 'List the variables, newest first' },
  permission: 'variables:read',
  query: Paging.extend(VariableFilter.shape),
  answers: { 200: pageOf(Variable).meta({ id: 'VariablePage' }) },
})

const postVariable = route({
  method: 'post',
  path: '/variables',
  tag: 'variables',
  summary: { pt: 'Criar uma variável ou um segredo', en: 'Create a variable or a secret' },
  permission: 'variables:write',
  headers: IdempotencyHeader,
  body: VariableInput,
  answers: { 201: Variable },
  errors: ['idempotency_key_reused', 'variable_exists', 'too_many_variables'],
})

const getExport = route({
  method: 'get',
  path: '/variables/export',
  tag: 'variables',
  summary: {
    pt: 'Exportar as variáveis como .env; segredos mascarados',
    en: 'Export the variables as .env; secrets masked',
  },
  permission: 'variables:read',
  answers: { 200: null },
  media: { 'text/plain': z.string() },
})

const postImport = route({
  method: 'post',
  path: '/variables/import',
  tag: 'variables',
  summary: { pt: 'Importar um arquivo .env', en: 'Import a .env file' },
  permission: 'variables:write',
  body: VariableImport,
  bodyLimitBytes: 4 * 1024 * 1024,
  answers: { 200: VariableOutcome },
})

const getUsage = route({
  method: 'get',
  path: '/variables/{id}/usage',
  tag: 'variables',
  summary: { pt: 'Ver onde uma variável é usada', en: 'See where a variable is used' },
  permission: 'variables:read',
  params: ById,
  answers: { 200: VariableUsage },
})

const getVariable = route({
  method: 'get',
  path: '/variables/{id}',
  tag: 'variables',
  summary: { pt: 'Ler uma variável; o valor de um segredo não', en: 'Read a variable; not the value of a secret' },
  permission: 'variables:read',
  params: ById,
  answers: { 200: Variable },
})

const changes = {
  path: '/variables/{id}',
  tag: 'variables',
  summary: { pt: 'Mudar uma variável', en: 'Change a variable' },
  description: {
    pt: 'Um segredo só vira variável comum, ou vai a outros hosts, com um valor novo.',
    en: 'A secret becomes a plain variable, or goes to other hosts, only with a new value.',
  },
  permission: 'variables:write',
  params: ById,
  body: VariablePatch,
  answers: { 200: Variable },
  errors: ['variable_exists', 'busy'],
} as const
const patchVariable = route({ method: 'patch', ...changes })
const putVariable = route({ method: 'put', ...changes })

const removeVariable = route({
  method: 'delete',
  path: '/variables/{id}',
  tag: 'variables',
  summary: { pt: 'Apagar uma variável', en: 'Delete a variable' },
  permission: 'variables:write',
  params: ById,
  answers: { 204: null },
})

/** Variables: what workflows know by name, in the open or sealed. */
export const variableRoutes = createRoutes()
  .openapi(getVariables, async (c) => c.json(await listVariables(c.var.ctx, c.req.valid('query')), 200))
  .openapi(postVariable, async (c) =>
    c.json(await createVariable(c.var.ctx, c.req.valid('json'), await readIdempotency(c)), 201),
  )
  .openapi(getExport, async (c) => {
    const variables = await allVariables(c.var.ctx)
    const text = toEnvText(variables.map((variable) => ({ key: variable.key, value: shownValue(variable) })))
    c.header('Content-Type', 'text/plain; charset=utf-8')
    c.header('Content-Disposition', 'attachment; filename="variables.env"')
    return c.newResponse(text, 200)
  })
  .openapi(postImport, async (c) => c.json(await importVariables(c.var.ctx, c.req.valid('json')), 200))
  .openapi(getUsage, async (c) => c.json(await findUsage(c.var.ctx, c.req.valid('param').id), 200))
  .openapi(getVariable, async (c) => c.json(await findVariable(c.var.ctx, c.req.valid('param').id), 200))
  .openapi(patchVariable, async (c) =>
    c.json(await updateVariable(c.var.ctx, c.req.valid('param').id, c.req.valid('json')), 200),
  )
  .openapi(putVariable, async (c) =>
    c.json(await updateVariable(c.var.ctx, c.req.valid('param').id, c.req.valid('json')), 200),
  )
  .openapi(removeVariable, async (c) => {
    await deleteVariable(c.var.ctx, c.req.valid('param').id)
    return c.body(null, 204)
  })
