import { z } from '@hono/zod-openapi'
import { Agent, AgentDuplicateInput, AgentFilter, AgentInput, AgentPatch, AgentVersion } from '#core/agent/agent'
import { ToolTypeView } from '#core/agent/tool-type'
import { ByVersion } from '#core/workflow/version'
import { IdempotencyHeader, readIdempotency } from '#http/idempotency'
import { ById, pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { createAgent } from '#services/agents/create-agent'
import { deleteAgent } from '#services/agents/delete-agent'
import { duplicateAgent } from '#services/agents/duplicate-agent'
import { findAgent } from '#services/agents/find-agent'
import { listAgentVersions } from '#services/agents/list-agent-versions'
import { listAgents } from '#services/agents/list-agents'
import { listToolTypes } from '#services/agents/list-tool-types'
import { restoreAgentVersion } from '#services/agents/restore-agent-version'
import { setAgentStatus } from '#services/agents/set-agent-status'
import { updateAgent } from '#services/agents/update-agent'

const getAgents = route({
  method: 'get',
  path: '/agents',
  tag: 'agents',
  summary: { pt: 'Listar os agentes, do mais novo ao mais antigo', en: 'List the agents, newest first' },
  permission: 'agents:read',
  query: Paging.extend(AgentFilter.shape),
  answers: { 200: pageOf(Agent).meta({ id: 'AgentPage' }) },
})

const postAgent = route({
  method: 'post',
  path: '/agents',
  tag: 'agents',
  summary: { pt: 'Criar um agente', en: 'Create an agent' },
  permission: 'agents:write',
  headers: IdempotencyHeader,
  body: AgentInput,
  answers: { 201: Agent },
  errors: ['slug_taken', 'idempotency_key_reused'],
})

const getTools = route({
  method: 'get',
  path: '/agents/tools',
  tag: 'agents',
  summary: { pt: 'Listar os tipos de ferramentas', en: 'List the types of tools' },
  permission: 'agents:read',
  answers: { 200: z.object({ items: z.array(ToolTypeView) }).meta({ id: 'ToolTypes' }) },
})

const getAgent = route({
  method: 'get',
  path: '/agents/{id}',
  tag: 'agents',
  summary: { pt: 'Ler um agente', en: 'Read an agent' },
  permission: 'agents:read',
  params: ById,
  answers: { 200: Agent },
})

const changes = {
  path: '/agents/{id}',
  tag: 'agents',
  summary: { pt: 'Mudar um agente', en: 'Change an agent' },
  permission: 'agents:write',
  params: ById,
  body: AgentPatch,
  answers: { 200: Agent },
  errors: ['slug_taken'],
} as const
const patchAgent = route({ method: 'patch', ...changes })
const putAgent = route({ method: 'put', ...changes })

const removeAgent = route({
  method: 'delete',
  path: '/agents/{id}',
  tag: 'agents',
  summary: { pt: 'Apagar um agente e suas versões', en: 'Delete an agent and its versions' },
  permission: 'agents:write',
  params: ById,
  answers: { 204: null },
})

const postDuplicate = route({
  method: 'post',
  path: '/agents/{id}/duplicate',
  tag: 'agents',
  summary: { pt: 'Copiar um agente', en: 'Copy an agent' },
  permission: 'agents:write',
  params: ById,
  headers: IdempotencyHeader,
  body: AgentDuplicateInput,
  bodyOptional: true,
  answers: { 201: Agent },
  errors: ['idempotency_key_reused'],
})

const postActivate = route({
  method: 'post',
  path: '/agents/{id}/activate',
  tag: 'agents',
  summary: { pt: 'Ativar um agente', en: 'Activate an agent' },
  permission: 'agents:write',
  params: ById,
  answers: { 200: Agent },
})

const postDeactivate = route({
  method: 'post',
  path: '/agents/{id}/deactivate',
  tag: 'agents',
  summary: {
    pt: 'Desativar um agente: ele não aceita novos turnos',
    en: 'Deactivate an agent: it takes no new turns',
  },
  permission: 'agents:write',
  params: ById,
  answers: { 200: Agent },
})

const getVersions = route({
  method: 'get',
  path: '/agents/{id}/versions',
  tag: 'agents',
  summary: { pt: 'Listar as versões, da mais nova à mais antiga', en: 'List the versions, newest first' },
  permission: 'agents:read',
  params: ById,
  query: Paging,
  answers: { 200: pageOf(AgentVersion).meta({ id: 'AgentVersionPage' }) },
})

const postRestore = route({
  method: 'post',
  path: '/agents/{id}/versions/{n}/restore',
  tag: 'agents',
  summary: { pt: 'Voltar a uma versão, com número novo', en: 'Go back to a version, under a new number' },
  permission: 'agents:write',
  params: ById.extend(ByVersion.shape),
  answers: { 200: Agent },
})

/** Agents: stored models with instructions, tools and limits, and their versions. */
export const agentRoutes = createRoutes()
  .openapi(getTools, (c) => c.json({ items: listToolTypes(c.var.ctx) }, 200))
  .openapi(getAgents, async (c) => c.json(await listAgents(c.var.ctx, c.req.valid('query')), 200))
  .openapi(postAgent, async (c) =>
    c.json(await createAgent(c.var.ctx, c.req.valid('json'), await readIdempotency(c)), 201),
  )
  .openapi(getAgent, async (c) => c.json(await findAgent(c.var.ctx, c.req.valid('param').id), 200))
  .openapi(patchAgent, async (c) =>
    c.json(await updateAgent(c.var.ctx, c.req.valid('param').id, c.req.valid('json')), 200),
  )
  .openapi(putAgent, async (c) =>
    c.json(await updateAgent(c.var.ctx, c.req.valid('param').id, c.req.valid('json')), 200),
  )
  .openapi(removeAgent, async (c) => {
    await deleteAgent(c.var.ctx, c.req.valid('param').id)
    return c.body(null, 204)
  })
  .openapi(postDuplicate, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(await duplicateAgent(c.var.ctx, id, c.req.valid('json'), await readIdempotency(c)), 201)
  })
  .openapi(postActivate, async (c) => c.json(await setAgentStatus(c.var.ctx, c.req.valid('param').id, 'active'), 200))
  .openapi(postDeactivate, async (c) =>
    c.json(await setAgentStatus(c.var.ctx, c.req.valid('param').id, 'inactive'), 200),
  )
  .openapi(getVersions, async (c) =>
    c.json(await listAgentVersions(c.var.ctx, c.req.valid('param').id, c.req.valid('query')), 200),
  )
  .openapi(postRestore, async (c) => {
    const { id, n } = c.req.valid('param')
    return c.json(await restoreAgentVersion(c.var.ctx, id, n), 200)
  })
