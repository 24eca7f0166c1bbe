import { UsageFilter, UsageReport } from '#core/usage/usage-report'
import { createRoutes, route } from '#http/route'
import { reportUsage } from '#services/usage/report-usage'

const getUsage = route({
  method: 'get',
  path: '/analytics/usage',
  tag: 'analytics',
  summary: {
    pt: 'Ler o que os modelos consumiram e custaram, por modelo, dia, agente, usuário ou origem',
    en: 'Read what the models took and cost, by model, day, agent, user or source',
  },
  permission: 'analytics:read',
  query: UsageFilter,
  answers: { 200: UsageReport.meta({ id: 'UsageReport' }) },
})

/** What the workspace has used. */
export const analyticsRoutes = createRoutes().openapi(getUsage, async (c) =>
  c.json(await reportUsage(c.var.ctx, c.req.valid('query')), 200),
)
