import { Hono } from 'hono'
import { hasBearer } from '#auth/webhook-signature'
import { AppError } from '#core/errors'
import { DatabaseUnavailable } from '#db/errors'
import type { AppEnv } from '#http/app-env'
import { checkHealth } from '#http/health/check-health'
import { createHealthCache } from '#http/health/health-cache'
import type { PublicCtx } from '#services/context'
import { readGauges } from '#services/metrics/read-gauges'
import { type Gauge, toPrometheus } from '#telemetry/metrics'

const cache = createHealthCache<readonly Gauge[]>()

/** For Prometheus, with a token of its own. No part of the document: no client of the API has any use for it. */
export const metricsRoutes = new Hono<AppEnv>().get('/metrics', async (c) => {
  const ctx = c.get('publicCtx')
  const { METRICS_TOKEN: token } = ctx.config
  if (token === undefined) throw new AppError('not_found')
  if (!hasBearer(token, c.req.raw.headers)) throw new AppError('not_authenticated')
  const { components } = await checkHealth(ctx)
  const up = Object.entries(components).map(([part, { status }]) => ({
    labels: { part },
    value: status === 'healthy' ? 1 : 0,
  }))
  const gauges = [{ name: 'up', help: 'Whether a part answers (1) or not (0).', values: up }, ...(await shared(ctx))]
  return c.body(toPrometheus(gauges), 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' })
})

/** Without PostgreSQL what this isolate counts is told all the same, and that PostgreSQL is away. */
async function shared(ctx: PublicCtx): Promise<readonly Gauge[]> {
  try {
    return (await cache.read(ctx.now, () => readGauges(ctx))).components
  } catch (error) {
    if (error instanceof DatabaseUnavailable) return []
    throw error
  }
}
