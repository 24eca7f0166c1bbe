import { asc, eq, lt, notExists, or, sql } from 'drizzle-orm'
import { discardBlob } from '#services/files/discard-blob'
import type { MaintenanceCtx } from './maintenance-ctx.ts'

const UPLOADS_AT_ONCE = 20

/**
 * Throws away uploads that were left behind, by a crash or by whoever sent parts, and those of workspaces that are gone.
 *
 * @returns whether there may be more
 */
export async function sweepUploads({ env, db, now }: MaintenanceCtx): Promise<boolean> {
  const { fileUploads: uploads, workspaces } = db.tables
  const workspace = db
    .select({ one: sql`1` })
    .from(workspaces)
    .where(eq(workspaces.id, uploads.workspace_id))
  const left = await db
    .select({ id: uploads.id, workspaceId: uploads.workspace_id })
    .from(uploads)
    .where(or(lt(uploads.expires_at, new Date(now())), notExists(workspace)))
    .orderBy(asc(uploads.expires_at))
    .limit(UPLOADS_AT_ONCE)
  for (const { id, workspaceId } of left) await discardBlob({ env, db }, workspaceId, id)
  return left.length === UPLOADS_AT_ONCE
}
