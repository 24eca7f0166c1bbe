import { bigint, type pgSchema, primaryKey, smallint, text } from 'drizzle-orm/pg-core'
import { moment, ownedBy, type Owner } from './columns.ts'

/** What has been counted of executions that have ended: it stays when they are deleted. */
export function analyticsTables(schema: ReturnType<typeof pgSchema>, workspaces: Owner) {
  const executionStats = schema.table(
    'execution_stats',
    {
      workspace_id: ownedBy(workspaces),
      /** By what it is counted. */
      dimension: text({ enum: ['all', 'workflow', 'user', 'node_type'] }).notNull(),
      /** Each execution is counted in both, so that a read takes whole days (of UTC) and the quarters around. */
      span: text({ enum: ['quarter_hour', 'day'] }).notNull(),
      /** When the span in which they were made begins. Every time zone's day begins with a quarter of an hour. */
      slot: moment().notNull(),
      /** Which workflow, user or node type; empty where there is none. */
      key: text().notNull(),
      status: text().notNull(),
      /** The class of their duration (`core/analytics/durations.ts`), where `all` are counted; otherwise -1. */
      bucket: smallint().notNull(),
      count: bigint({ mode: 'number' }).notNull(),
      /** Of them together. */
      duration_ms: bigint({ mode: 'number' }).notNull(),
    },
    (t) => [
      primaryKey({
        name: 'execution_stats_pk',
        columns: [t.workspace_id, t.dimension, t.span, t.slot, t.key, t.status, t.bucket],
      }),
    ],
  )
  return { executionStats }
}
