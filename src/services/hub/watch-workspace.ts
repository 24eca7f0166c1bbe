import { eq, sql } from 'drizzle-orm'
import type { Db } from '#db/connect'

/** Long enough to find a client that comes back on the same lease, short enough that nobody talks to the wall for long. */
export const WATCH_MS = 10 * 60_000

/** Lets the executions of the workspace know that somebody listens, for `WATCH_MS` from now on. */
export async function watchWorkspace(db: Db, workspaceId: string): Promise<void> {
  const { workspaces } = db.tables
  const until = sql`now() + make_interval(secs => ${WATCH_MS / 1_000})`
  await db.update(workspaces).set({ watched_until: until }).where(eq(workspaces.id, workspaceId))
}
