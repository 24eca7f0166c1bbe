import { z } from '@hono/zod-openapi'
import { createRoutes, route } from '#http/route'
import { VERSION } from '#http/version'

const Root = z
  .object({
    message: z.literal('🚀 SynapScale Backend API'),
    version: z.string(),
    status: z.literal('running'),
    documentation: z.object({ swagger: z.string(), redoc: z.string(), openapi: z.string() }),
    endpoints: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Root' })

const ROOT: z.infer<typeof Root> = {
  message: '🚀 SynapScale Backend API',
  version: VERSION,
  status: 'running',
  documentation: { swagger: '/docs', redoc: '/redoc', openapi: '/openapi.json' },
  endpoints: {
    health: '/health',
    auth: '/api/v1/auth',
    api_keys: '/api/v1/api-keys',
    workflows: '/api/v1/workflows',
    executions: '/api/v1/executions',
    nodes: '/api/v1/nodes',
    websockets: '/api/v1/ws',
  },
}

export const rootRoutes = createRoutes().openapi(
  route({
    method: 'get',
    path: '/',
    tag: 'system',
    summary: { pt: 'Apresenta o serviço', en: 'Introduces the service' },
    public: true,
    answers: { 200: Root },
  }),
  (c) => c.json(ROOT, 200),
)
