import { sql } from 'drizzle-orm'
import type { PublicCtx } from '#services/context'
import { createHealthCache, type HealthReport } from './health-cache.ts'
import { type Component, probe } from './probe.ts'

export interface Components {
  readonly database: Component
  readonly storage: Component
  readonly actors: Component
}

/** Any key does: that R2 answers is the question. */
const ABSENT_KEY = 'health'
/** The one that `connect` uses too. */
const POOL_NAME = 'postgres'
const cache = createHealthCache<Components>()

/** How the parts are, measured now or within the last second. */
export function checkHealth(ctx: PublicCtx): Promise<HealthReport<Components>> {
  return cache.read(ctx.now, () => probeAll(ctx))
}

async function probeAll({ env, db, now }: PublicCtx): Promise<Components> {
  const [database, storage, actors] = await Promise.all([
    // A PostgreSQL without our tables answers nobody's question.
    probe(now, () => db.execute(sql`select 1 from ${db.tables.workspaces} limit 1`)),
    probe(now, () => env.FILES.head(ABSENT_KEY)),
    probe(now, () => env.POSTGRES_POOL.getByName(POOL_NAME).alive()),
  ])
  return { database, storage, actors }
}
