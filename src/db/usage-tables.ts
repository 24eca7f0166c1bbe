import { bigint, index, numeric, type pgSchema, text, uuid } from 'drizzle-orm/pg-core'
import { sql } from 'drizzle-orm'
import { moment, ownedBy, type Owner } from './columns.ts'

/** What models took and cost: one row a call, never changed. */
export function usageTables(schema: ReturnType<typeof pgSchema>, workspaces: Owner) {
  const usageLedger = schema.table(
    'usage_ledger',
    {
      /** Follows from the workspace and the call's key, so that a call that is recorded twice counts once. */
      id: uuid().primaryKey(),
      workspace_id: ownedBy(workspaces),
      /** Who is to thank for it; null for what started by itself. */
      user_id: uuid(),
      kind: text({ enum: ['llm'] }).notNull(),
      provider: text().notNull(),
      /** `provider/model`. */
      model: text().notNull(),
      source: text({ enum: ['execution', 'chat', 'agent', 'api'] }).notNull(),
      execution_id: uuid(),
      workflow_id: uuid(),
      node_id: text(),
      chat_id: uuid(),
      agent_id: uuid(),
      input_tokens: bigint({ mode: 'number' }).notNull(),
      output_tokens: bigint({ mode: 'number' }).notNull(),
      /** US dollars; null where no price is known. */
      cost: numeric({ precision: 18, scale: 9, mode: 'number' }),
      at: moment().notNull(),
    },
    (t) => [
      // With all that analytics adds up, so that it reads the index alone.
      index('usage_ledger_time_idx').on(t.workspace_id, t.at, t.user_id, t.input_tokens, t.output_tokens, t.cost),
      index('usage_ledger_agent_idx')
        .on(t.workspace_id, t.agent_id, t.at)
        .where(sql`${t.agent_id} is not null`),
    ],
  )
  return { usageLedger }
}
