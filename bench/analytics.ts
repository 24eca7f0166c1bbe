/**
 * How long analytics takes over a million executions of one workspace: `node bench/analytics.ts [executions]`.
 *
 * The rows are made by SQL in an embedded PostgreSQL of its own, counted as the sweep counts them, and read by the verbs
 * that answer the API; the peer in the same run is PostgreSQL reckoning the same overview out of the executions.
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { OverviewFilter } from '#core/analytics/overview'
import { TimeseriesFilter } from '#core/analytics/timeseries'
import { drizzleOver } from '#db/drizzle-over'
import { tablesOf } from '#db/schema'
import { guardTenant } from '#db/tenant-guard'
import type { Cell, Transport } from '#db/wire'
import { migrate } from '#local/migrate'
import { startPostgres } from '#local/postgres'
import { readOverview } from '#services/analytics/read-overview'
import { readTimeseries } from '#services/analytics/read-timeseries'
import type { Ctx } from '#services/context'
import { countExecutions } from '#services/maintenance/count-executions'

const EXECUTIONS = Number(process.argv[2] ?? 1_000_000)
const RUNS = 20
const DAYS = 60
const SCHEMA = 'bench'
const END = Date.UTC(2026, 10, 1)

const directory = await mkdtemp(join(tmpdir(), 'synapscale-bench-'))
const server = await startPostgres({ dataDir: join(directory, 'postgres') })
const sql = postgres(server.url, { max: 3, onnotice: () => undefined })

/** Without the worker there is no socket of workerd's: statements go through postgres.js in Node. */
const transport: Transport = {
  run: (statements) =>
    Promise.all(
      statements.map(async ({ sql: text, params }) => {
        const rows = await sql.unsafe(text, [...params], { prepare: true }).values()
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- numbers, texts and booleans are all that is asked for
        return { columns: rows.columns.map(({ name }) => name), rows: rows as unknown as Cell[][] }
      }),
    ),
}

const tables = tablesOf(SCHEMA)
/** The sweep's, which is for every workspace. */
const unguarded = Object.assign(drizzleOver(transport), { tables })

/** What the verbs need. */
function contextOf(workspaceId: string): Ctx {
  const ctx: unknown = {
    db: Object.assign(drizzleOver(guardTenant(transport, tables, workspaceId)), { tables }),
    now: () => END,
    later: () => undefined,
    principal: { workspaceId },
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- these verbs take nothing else of it
  return ctx as Ctx
}

/** Fifty workflows, forty people, durations like a log-normal's; each fifth execution asks a model. */
async function fill(workspaceId: string): Promise<void> {
  await sql.unsafe(`
    insert into ${SCHEMA}.workspaces (id, name, created_at, updated_at) values ('${workspaceId}', 'Bench', now(), now());
    select setseed(0.5);
    ${insertExecutions(workspaceId, EXECUTIONS)};
    insert into ${SCHEMA}.usage_ledger
      (id, workspace_id, user_id, kind, provider, model, source, execution_id, input_tokens, output_tokens, cost, at)
    select gen_random_uuid(), workspace_id, created_by, 'llm', 'openai', 'openai/model-' || n % 7, 'execution', id,
      1000 + n % 500, 200 + n % 300, 0.001, created_at
    from (select *, row_number() over () as n from ${SCHEMA}.executions) e where n % 5 = 0`)
}

function insertExecutions(workspaceId: string, count: number): string {
  return `insert into ${SCHEMA}.executions
      (id, workspace_id, workflow_id, version, status, trigger, created_by, created_at, started_at, finished_at, seq)
    select gen_random_uuid(), '${workspaceId}', md5('w' || n % 50)::uuid, 1,
      (array['completed','completed','completed','completed','completed','completed','failed','cancelled'])[1 + n % 8],
      'webhook', md5('u' || n % 40)::uuid, at, at, at + interval '1 ms' * exp(6 + 1.5 * (random() + random() + random() - 1.5)), 9
    from (select n, to_timestamp(${END / 1000} - random() * ${DAYS * 86_400}) as at
      from generate_series(1, ${count}) n) made`
}

/** The sweep's statement takes a thousand at a time; this is the same for all at once, so that the bench ends today. */
async function countOthers(workspaceId: string): Promise<void> {
  const ms = 'round(extract(epoch from finished_at - started_at) * 1000)::bigint'
  const line = (span: string, dimension: string, key: string, bucket: string) => `
    select workspace_id, '${dimension}' as dimension, '${span}' as span,
      date_bin('${span === 'day' ? '1 day' : '15 minutes'}', created_at, '2000-01-01Z'::timestamptz) as slot, ${key} as key, status, ${bucket} as bucket, count(*) as count, sum(${ms}) as duration_ms
    from ${SCHEMA}.executions where counted_at is null group by 1, 2, 3, 4, 5, 6, 7`
  const bucket = `(case when ${ms} < 1 then 0 else floor(ln(${ms}::float8) / ln(2) * 4 + 1e-9) + 1 end)::smallint`
  const lines = ['quarter_hour', 'day'].flatMap((span) => [
    line(span, 'all', `''`, bucket),
    line(span, 'workflow', 'workflow_id::text', '-1'),
    line(span, 'user', 'created_by::text', '-1'),
  ])
  await sql.unsafe(`
    insert into ${SCHEMA}.execution_stats as s
      (workspace_id, dimension, span, slot, key, status, bucket, count, duration_ms)
    ${lines.join(' union all ')}
    on conflict (workspace_id, dimension, span, slot, key, status, bucket)
    do update set count = s.count + excluded.count, duration_ms = s.duration_ms + excluded.duration_ms;
    update ${SCHEMA}.executions set counted_at = now() where counted_at is null and workspace_id = '${workspaceId}'`)
}

async function addUncounted(workspaceId: string, count: number): Promise<void> {
  await sql.unsafe(insertExecutions(workspaceId, count))
  await sql.unsafe(`vacuum analyze ${SCHEMA}.executions`)
}

/** What an overview costs without counts. */
async function peer(workspaceId: string): Promise<void> {
  await sql.unsafe(`
    select created_at >= '2026-10-02T00:00:00Z' as now, status, count(*), count(distinct created_by),
      percentile_cont(array[0.5, 0.95, 0.99]) within group (order by finished_at - started_at)
    from ${SCHEMA}.executions where workspace_id = '${workspaceId}'
      and created_at >= '2026-09-02T00:00:00Z' and created_at < '2026-11-01T00:00:00Z' group by 1, 2`)
}

async function time(what: string, work: () => Promise<void>): Promise<void> {
  const begun = performance.now()
  await work()
  print(what, `${Math.round(performance.now() - begun)} ms`)
}

async function percentiles(what: string, work: () => Promise<unknown>, runs = RUNS): Promise<void> {
  await work()
  const took: number[] = []
  for (let run = 0; run < runs; run += 1) {
    const begun = performance.now()
    await work()
    took.push(performance.now() - begun)
  }
  took.sort((a, b) => a - b)
  const at = (share: number) => Math.round(took[Math.ceil(share * runs) - 1] ?? 0)
  print(what, `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(1)} ms`)
}

function print(what: string, value: string): void {
  process.stdout.write(`${what.padEnd(70)} ${value}\n`)
}

try {
  await migrate({ url: server.url, schema: SCHEMA, directory: join(import.meta.dirname, '../migrations') })
  const workspaceId = randomUUID()
  await time(`${EXECUTIONS.toLocaleString('en')} executions made`, () => fill(workspaceId))
  const ctx = contextOf(workspaceId)
  await time(
    'a batch of them counted by the sweep',
    async () => void (await countExecutions({ db: unguarded, now: Date.now })),
  )
  await time('the others counted', () => countOthers(workspaceId))
  await sql.unsafe(`vacuum analyze`)
  const [row] = await sql.unsafe(`select count(*)::int as rows from ${SCHEMA}.execution_stats`)
  print('rows of counts', String(row?.['rows']))

  const month = OverviewFilter.parse({ from: '2026-10-02T00:00:00Z', to: '2026-11-01T00:00:00Z' })
  const overview = await readOverview(ctx, month)
  print('executions in the two periods', `${overview.current.executions} + ${overview.previous.executions}`)
  await percentiles('overview, 30 days against the 30 before', () => readOverview(ctx, month))
  await percentiles('the same out of the executions themselves', () => peer(workspaceId), 3)
  for (const query of [
    { interval: 'day' },
    { interval: 'hour', metric: 'duration_p95' },
    { interval: 'day', group_by: 'workflow' },
    { interval: 'day', group_by: 'user', metric: 'success_rate' },
    { interval: 'day', group_by: 'model', metric: 'cost' },
  ]) {
    const filter = TimeseriesFilter.parse({ ...month, ...query })
    await percentiles(`time series ${JSON.stringify(query)}`, () => readTimeseries(ctx, filter))
  }
  const uncounted = Math.min(10_000, EXECUTIONS)
  await addUncounted(workspaceId, uncounted)
  await percentiles(`overview with ${uncounted.toLocaleString('en')} not counted yet`, () => readOverview(ctx, month))
} finally {
  await sql.end()
  await server.stop()
  await rm(directory, { recursive: true, force: true })
}
