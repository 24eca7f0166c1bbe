import { createHash } from 'node:crypto'
import type { UsageEntry } from '#core/usage/usage-entry'
import type { Db } from '#db/connect'
import { DatabaseError } from '#db/errors'
import { uuidv8 } from '#lib/ids'
import { countSpent } from '#services/budgets/count-spent'

const FOREIGN_KEY_VIOLATION = '23503'

/**
 * Writes what models took into the ledger, and adds it to the workspace's budgets. Idempotent by each entry's key; of a
 * workspace that is gone nothing is kept.
 *
 * @returns whether a budget's threshold was reached: whoever recorded then pokes `eventDispatch`
 * @throws DatabaseUnavailable: then all of it may be recorded again
 */
export async function recordUsage(db: Db, workspaceId: string, entries: readonly UsageEntry[]): Promise<boolean> {
  const { usageLedger } = db.tables
  if (entries.length === 0) return false
  const rows = entries.map(({ key, usage, at, model, ...entry }) => ({
    ...entry,
    id: usageId(workspaceId, key),
    workspace_id: workspaceId,
    kind: 'llm' as const,
    provider: model.split('/', 1)[0] ?? '',
    model,
    input_tokens: usage.input_tokens,
    output_tokens: usage.output_tokens,
    at: new Date(at),
  }))
  try {
    const { agent_id, workflow_id, user_id, model, cost, at } = usageLedger
    const counted = { agent_id, workflow_id, user_id, model, cost, at }
    const added = db.insert(usageLedger).values(rows).onConflictDoNothing().returning(counted)
    const [row] = await db.execute<{ reached: number }>(countSpent(db, workspaceId, added))
    return Number(row?.reached) > 0
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.sqlState !== FOREIGN_KEY_VIOLATION) throw error
    return false
  }
}

function usageId(workspaceId: string, key: string): string {
  return uuidv8(
    createHash('sha256')
      .update(JSON.stringify(['usage', workspaceId, key]))
      .digest(),
  )
}
