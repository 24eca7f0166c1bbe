import { and, gt, isNull, isNotNull, sql } from 'drizzle-orm'
import { poolStats } from '#db/pool-transport'
import type { PublicCtx } from '#services/context'
import type { Gauge } from '#telemetry/metrics'

/** Of "recent": Prometheus asks every 15 to 60 s. */
const RECENT_MINUTES = 5

const age = (column: unknown) => sql`coalesce(extract(epoch from now() - min(${column})), 0)`.mapWith(Number)
const number = sql`count(*)`.mapWith(Number)

/**
 * What the whole installation shows, whatever isolate is asked: from PostgreSQL, over indexes that hold no more than what
 * goes on or has just ended.
 *
 * @throws DatabaseUnavailable
 */
export async function readGauges({ db, env }: PublicCtx): Promise<Gauge[]> {
  const { executions, fileDeliveries, objectDeletions, workspaces, eventDeliveries } = db.tables
  const isOpen = and(isNull(executions.archived_at), isNull(executions.finished_at))
  const isRecent = and(
    isNotNull(executions.finished_at),
    gt(executions.finished_at, sql`now() - make_interval(mins => ${RECENT_MINUTES}::int)`),
  )
  const [open, recent, deliveries, deletions, watched, events] = await db.batch([
    db
      .select({ status: executions.status, value: number, age: age(executions.created_at) })
      .from(executions)
      .where(isOpen)
      .groupBy(executions.status),
    db.select({ status: executions.status, value: number }).from(executions).where(isRecent).groupBy(executions.status),
    db.select({ value: number, age: age(fileDeliveries.created_at) }).from(fileDeliveries),
    db.select({ value: number, age: age(objectDeletions.created_at) }).from(objectDeletions),
    db
      .select({ value: number })
      .from(workspaces)
      .where(gt(workspaces.watched_until, sql`now()`)),
    // From when they are due: an address that is down is no lag of ours.
    db
      .select({ value: number, age: age(sql`least(${eventDeliveries.next_attempt_at}, now())`) })
      .from(eventDeliveries)
      .where(isNotNull(eventDeliveries.next_attempt_at)),
  ])
  const waiting = open.find(({ status }) => status === 'pending')
  const queues = [
    { queue: 'executions', value: waiting?.value ?? 0, age: waiting?.age ?? 0 },
    ...deliveries.map((row) => ({ ...row, queue: 'file_triggers' })),
    ...deletions.map((row) => ({ ...row, queue: 'object_deletions' })),
    ...events.map((row) => ({ ...row, queue: 'events' })),
  ]
  return [
    gauge('executions_open', 'Executions that have not ended, by status.', open.map(byStatus)),
    gauge(
      'executions_recent',
      `Executions that ended in the last ${RECENT_MINUTES} minutes, by status.`,
      recent.map(byStatus),
    ),
    gauge(
      'queue_length',
      'What waits, by queue.',
      queues.map(({ queue, value }) => ({ labels: { queue }, value })),
    ),
    gauge(
      'queue_age_seconds',
      'How long the oldest in it has waited, by queue.',
      queues.map(({ queue, age: value }) => ({ labels: { queue }, value })),
    ),
    gauge(
      'workspaces_watched',
      'Workspaces that somebody watches over a socket.',
      watched.map(({ value }) => ({ labels: {}, value })),
    ),
    ...(await readPool(env)),
  ]
}

async function readPool(env: PublicCtx['env']): Promise<Gauge[]> {
  const stats = await poolStats(env)
  if (stats === undefined) return []
  const values = Object.entries(stats).map(([state, value]) => ({ labels: { state }, value }))
  return [gauge('database_pool', 'Connections in use, idle ones, and statements that wait for one.', values)]
}

function byStatus({ status, value }: { readonly status: string; readonly value: number }) {
  return { labels: { status }, value }
}

function gauge(name: string, help: string, values: Gauge['values']): Gauge {
  return { name, help, values }
}
