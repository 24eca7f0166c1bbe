import { createHash } from 'node:crypto'
import type { UsageEntry } from '#core/usage/usage-entry'
import type { Db } from '#db/connect'
import { DatabaseError } from '#db/errors'
import { uuidv8 } from '#lib/ids'

const FOREIGN_KEY_VIOLATION = '23503'

/**
 * Writes what models took into the ledger. Idempotent by each entry's key; of a workspace that is gone nothing is kept.
 *
 * @throws DatabaseUnavailable: then all of it may be recorded again
 */
export async function recordUsage(db: Db, workspaceId: string, entries: readonly UsageEntry[]): Promise<void> {
  const { usageLedger } = db.tables
  if (entries.length === 0) return
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
    await db.insert(usageLedger).values(rows).onConflictDoNothing()
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.sqlState !== FOREIGN_KEY_VIOLATION) throw error
  }
}

function usageId(workspaceId: string, key: string): string {
  return uuidv8(
    createHash('sha256')
      .update(JSON.stringify(['usage', workspaceId, key]))
      .digest(),
  )
}
