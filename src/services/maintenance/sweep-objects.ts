import { asc, eq } from 'drizzle-orm'
import { deletePrefix } from '#files/delete-prefix'
import type { MaintenanceCtx } from './maintenance-ctx.ts'

const PREFIXES_AT_ONCE = 50
/** The edge allows an actor six outgoing connections. */
const DELETIONS_AT_ONCE = 5

/**
 * Deletes objects in R2 that nothing names any more.
 *
 * @returns whether there may be more
 */
export async function sweepObjects({ env, db }: MaintenanceCtx): Promise<boolean> {
  const { objectDeletions } = db.tables
  const rows = await db
    .select({ prefix: objectDeletions.prefix })
    .from(objectDeletions)
    .orderBy(asc(objectDeletions.created_at), asc(objectDeletions.prefix))
    .limit(PREFIXES_AT_ONCE)
  const clear = async (prefix: string): Promise<boolean> => {
    // A workspace may have a million of them: the rest waits for its turn.
    if (await deletePrefix(env.FILES, prefix)) return true
    await db.delete(objectDeletions).where(eq(objectDeletions.prefix, prefix))
    return false
  }
  let isLeft = rows.length === PREFIXES_AT_ONCE
  for (let start = 0; start < rows.length; start += DELETIONS_AT_ONCE) {
    const group = rows.slice(start, start + DELETIONS_AT_ONCE)
    const left = await Promise.all(group.map(({ prefix }) => clear(prefix)))
    isLeft ||= left.includes(true)
  }
  return isLeft
}
