import { ApiKey, ApiKeyFilter, ApiKeyInput, ApiKeyPatch, NewApiKey, ScopeList } from '#core/api-keys/api-key'
import { IdempotencyHeader, readIdempotency } from '#http/idempotency'
import { ById, pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { createApiKey } from '#services/api-keys/create-api-key'
import { findApiKey } from '#services/api-keys/find-api-key'
import { grantableScopes } from '#services/api-keys/grant'
import { listApiKeys } from '#services/api-keys/list-api-keys'
import { revokeApiKey } from '#services/api-keys/revoke-api-key'
import { updateApiKey } from '#services/api-keys/update-api-key'

const getApiKeys = route({
  method: 'get',
  path: '/api-keys',
  tag: 'api-keys',
  summary: { pt: 'Listar as próprias chaves de API neste workspace', en: 'List your own API keys in this workspace' },
  permission: 'api_keys:read',
  query: Paging.extend(ApiKeyFilter.shape),
  answers: { 200: pageOf(ApiKey).meta({ id: 'ApiKeyPage' }) },
})

const getScopes = route({
  method: 'get',
  path: '/api-keys/scopes',
  tag: 'api-keys',
  summary: { pt: 'Ver os escopos que você pode dar a uma chave', en: 'See the scopes that you can give to a key' },
  permission: 'api_keys:read',
  answers: { 200: ScopeList },
})

const postApiKey = route({
  method: 'post',
  path: '/api-keys',
  tag: 'api-keys',
  summary: { pt: 'Criar uma chave de API', en: 'Create an API key' },
  description: {
    pt: 'A chave aparece só nesta resposta. Ela age por você neste workspace, dentro dos seus escopos e do papel que você tem no momento do uso. Uma chave criada por outra chave não passa dos escopos nem da validade desta.',
    en: 'The key appears in this answer alone. It acts for you in this workspace, within its scopes and the role that you have at the moment of use. A key that another key makes goes beyond neither its scopes nor its expiry.',
  },
  permission: 'api_keys:write',
  headers: IdempotencyHeader,
  body: ApiKeyInput,
  answers: { 201: NewApiKey },
  errors: ['scope_not_grantable', 'too_many_api_keys', 'idempotency_key_reused'],
})

const getApiKey = route({
  method: 'get',
  path: '/api-keys/{id}',
  tag: 'api-keys',
  summary: { pt: 'Ler uma chave de API', en: 'Read an API key' },
  permission: 'api_keys:read',
  params: ById,
  answers: { 200: ApiKey },
})

const changes = {
  path: '/api-keys/{id}',
  tag: 'api-keys',
  summary: { pt: 'Mudar nome, escopos ou validade de uma chave', en: 'Change a key’s name, scopes or expiry' },
  permission: 'api_keys:write',
  params: ById,
  body: ApiKeyPatch,
  answers: { 200: ApiKey },
  errors: ['scope_not_grantable'],
} as const
const patchApiKey = route({ method: 'patch', ...changes })
const putApiKey = route({ method: 'put', ...changes })

const removeApiKey = route({
  method: 'delete',
  path: '/api-keys/{id}',
  tag: 'api-keys',
  summary: { pt: 'Revogar uma chave de API na hora', en: 'Revoke an API key at once' },
  permission: 'api_keys:write',
  params: ById,
  answers: { 204: null },
})

/** API keys: what programs authenticate with. */
export const apiKeyRoutes = createRoutes()
  .openapi(getApiKeys, async (c) => c.json(await listApiKeys(c.var.ctx, c.req.valid('query')), 200))
  .openapi(getScopes, (c) => c.json({ scopes: grantableScopes(c.var.ctx.principal) }, 200))
  .openapi(postApiKey, async (c) =>
    c.json(await createApiKey(c.var.ctx, c.req.valid('json'), await readIdempotency(c)), 201),
  )
  .openapi(getApiKey, async (c) => c.json(await findApiKey(c.var.ctx, c.req.valid('param').id), 200))
  .openapi(patchApiKey, async (c) =>
    c.json(await updateApiKey(c.var.ctx, c.req.valid('param').id, c.req.valid('json')), 200),
  )
  .openapi(putApiKey, async (c) =>
    c.json(await updateApiKey(c.var.ctx, c.req.valid('param').id, c.req.valid('json')), 200),
  )
  .openapi(removeApiKey, async (c) => {
    await revokeApiKey(c.var.ctx, c.req.valid('param').id)
    return c.body(null, 204)
  })
