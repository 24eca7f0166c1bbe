import { eq } from 'drizzle-orm'
import type { Db } from '#db/connect'

/**
 * The first statement of a batch that changes who is in a workspace, or in which role: such changes then come one
 * after the other, and each sees what the ones before have left. Lock a user before a workspace, never after.
 */
export function lockWorkspace(db: Db, id: string) {
  const { workspaces } = db.tables
  // Not `update`: whoever puts things into the workspace need not wait.
  return db.select({ id: workspaces.id }).from(workspaces).where(eq(workspaces.id, id)).for('no key update')
}
