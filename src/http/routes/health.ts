import { z } from '@hono/zod-openapi'
import { createRoutes, route } from '#http/route'
import { VERSION } from '#http/version'
import { checkHealth } from '#http/health/check-health'

const Component = z
  .object({ status: z.enum(['healthy', 'unhealthy']), milliseconds: z.int() })
  .meta({ id: 'HealthComponent' })

const Health = z
  .object({
    status: z.enum(['healthy', 'degraded']),
    service: z.literal('synapscale-backend'),
    version: z.string(),
    timestamp: z.iso.datetime(),
    uptime: z.number().meta({ description: 'Segundos desde que este processo respondeu pela primeira vez.' }),
    checked_at: z.iso.datetime(),
    components: z.object({ database: Component, storage: Component, actors: Component }),
  })
  .meta({ id: 'Health' })

/** By then the parts are probed anew. */
const RETRY_SECONDS = 1
/** More than the longest report. */
const LENGTH = 512

const routes = createRoutes()
// `ab`, with which people try this address, counts every answer of another length than the first as failed.
routes.use('/health', async (c, next) => {
  await next()
  // A 204, to OPTIONS, has no body to fill up.
  if (c.res.body === null) return
  c.res = new Response((await c.res.text()).padEnd(LENGTH), c.res)
})

export const healthRoutes = routes.openapi(
  route({
    method: 'get',
    path: '/health',
    tag: 'system',
    summary: { pt: 'Diz se as partes respondem', en: 'Says whether the parts answer' },
    public: true,
    answers: { 200: Health, 503: Health },
  }),
  async (c) => {
    const now = Date.now()
    const { components, checkedAt, startedAt } = await checkHealth(c.var.publicCtx)
    const healthy = Object.values(components).every((component) => component.status === 'healthy')
    const body = {
      service: 'synapscale-backend' as const,
      version: VERSION,
      timestamp: new Date(now).toISOString(),
      uptime: (now - startedAt) / 1000,
      checked_at: new Date(checkedAt).toISOString(),
      components,
    }
    return healthy
      ? c.json({ status: 'healthy' as const, ...body }, 200)
      : c.json({ status: 'degraded' as const, ...body }, 503, { 'Retry-After': String(RETRY_SECONDS) })
  },
)
