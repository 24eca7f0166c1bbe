import { z } from '@hono/zod-openapi'
import { Overview, OverviewFilter } from '#core/analytics/overview'
import { overviewRows, timeseriesRows, usageRows } from '#core/analytics/rows'
import { Timeseries, TimeseriesFilter } from '#core/analytics/timeseries'
import { UsageFilter, UsageReport } from '#core/usage/usage-report'
import { answerCsv, wantsCsv } from '#http/csv'
import { createRoutes, route } from '#http/route'
import { readOverview } from '#services/analytics/read-overview'
import { readTimeseries } from '#services/analytics/read-timeseries'
import { reportUsage } from '#services/usage/report-usage'

const csv = { 'text/csv': z.string() }

const getOverview = route({
  method: 'get',
  path: '/analytics/overview',
  tag: 'analytics',
  summary: {
    pt: 'Ler como foi o workspace num período, comparado com o anterior: execuções, durações, consumo, pessoas',
    en: 'Read how the workspace has fared, compared with the span before: executions, durations, usage, people',
  },
  permission: 'analytics:read',
  query: OverviewFilter,
  answers: { 200: null },
  media: { 'application/json': Overview, ...csv },
})

const getTimeseries = route({
  method: 'get',
  path: '/analytics/timeseries',
  tag: 'analytics',
  summary: {
    pt: 'Ler um número ao longo do tempo, no seu fuso, por workflow, tipo de nó, agente, modelo ou usuário',
    en: 'Read a figure over time, in your time zone, by workflow, node type, agent, model or user',
  },
  permission: 'analytics:read',
  query: TimeseriesFilter,
  answers: { 200: null },
  media: { 'application/json': Timeseries, ...csv },
})

const getUsage = route({
  method: 'get',
  path: '/analytics/usage',
  tag: 'analytics',
  summary: {
    pt: 'Ler o que os modelos consumiram e custaram, por modelo, dia, workflow, agente, usuário ou origem',
    en: 'Read what the models took and cost, by model, day, workflow, agent, user or source',
  },
  permission: 'analytics:read',
  query: UsageFilter,
  answers: { 200: null },
  media: { 'application/json': UsageReport.meta({ id: 'UsageReport' }), ...csv },
})

/** How the workspace has fared, and what it has used. */
export const analyticsRoutes = createRoutes()
  .openapi(getOverview, async (c) => {
    const filter = c.req.valid('query')
    const overview = await readOverview(c.var.ctx, filter)
    return wantsCsv(c.req.header('accept'), filter.format)
      ? answerCsv('overview.csv', overviewRows(overview))
      : c.json(overview, 200)
  })
  .openapi(getTimeseries, async (c) => {
    const filter = c.req.valid('query')
    const timeseries = await readTimeseries(c.var.ctx, filter)
    return wantsCsv(c.req.header('accept'), filter.format)
      ? answerCsv(`${filter.metric}.csv`, timeseriesRows(timeseries))
      : c.json(timeseries, 200)
  })
  .openapi(getUsage, async (c) => {
    const filter = c.req.valid('query')
    const report = await reportUsage(c.var.ctx, filter)
    return wantsCsv(c.req.header('accept'), filter.format)
      ? answerCsv('usage.csv', usageRows(report))
      : c.json(report, 200)
  })
