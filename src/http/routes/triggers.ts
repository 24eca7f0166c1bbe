import { z } from '@hono/zod-openapi'
import { RotateInput, Trigger, TriggerList } from '#core/triggers/trigger'
import { ById } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { listTriggers } from '#services/triggers/list-triggers'
import { rotateTrigger } from '#services/triggers/rotate-trigger'

const getTriggers = route({
  method: 'get',
  path: '/workflows/{id}/triggers',
  tag: 'workflows',
  summary: {
    pt: 'Listar os gatilhos: endereços de webhooks, próximos horários de agendas',
    en: 'List the triggers: addresses of webhooks, next times of schedules',
  },
  permission: 'workflows:read',
  params: ById,
  answers: { 200: TriggerList },
})

const postRotate = route({
  method: 'post',
  path: '/workflows/{id}/triggers/{node_id}/rotate',
  tag: 'workflows',
  summary: {
    pt: 'Trocar o segredo de um webhook, ou seus endereços; os antigos acabam na hora',
    en: "Replace a webhook's secret, or its addresses; the former ones end at once",
  },
  permission: 'workflows:write',
  params: ById.extend({ node_id: z.string() }),
  body: RotateInput,
  bodyOptional: true,
  answers: { 200: Trigger },
})

/** What starts workflows by itself. */
export const triggerRoutes = createRoutes()
  .openapi(getTriggers, async (c) => c.json(await listTriggers(c.var.ctx, c.req.valid('param').id), 200))
  .openapi(postRotate, async (c) => {
    const { id, node_id } = c.req.valid('param')
    return c.json(await rotateTrigger(c.var.ctx, id, node_id, c.req.valid('json')), 200)
  })
