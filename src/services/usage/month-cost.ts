import { and, eq, gte, sql } from 'drizzle-orm'
import { monthOf } from '#core/usage/usage-report'
import type { Db } from '#db/connect'

/**
 * US dollars that an agent has cost since the first of the calendar month (UTC), as far as the ledger knows: what is
 * under way, or has no known price, is not in it.
 *
 * @param now Unix milliseconds
 */
export async function monthCost(db: Db, workspaceId: string, agentId: string, now: number): Promise<number> {
  const { usageLedger: ledger } = db.tables
  const [row] = await db
    .select({ cost: sql`coalesce(sum(${ledger.cost}), 0)`.mapWith(Number) })
    .from(ledger)
    .where(and(eq(ledger.workspace_id, workspaceId), eq(ledger.agent_id, agentId), gte(ledger.at, monthOf(now))))
  return row?.cost ?? 0
}
