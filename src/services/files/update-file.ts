import { and, eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { FilePatch, StoredFile } from '#core/files/file'
import { audited } from '#services/audit/audit'
import type { Ctx } from '#services/context'
import { toFile } from './to-file.ts'

/**
 * Changes what is said of a file; its bytes never change.
 *
 * @throws AppError `not_found`
 */
export async function updateFile(ctx: Ctx, id: string, patch: FilePatch): Promise<StoredFile> {
  const { files } = ctx.db.tables
  const change = ctx.db
    .update(files)
    .set({ ...patch, updated_at: new Date(ctx.now()) })
    .where(and(eq(files.id, id), eq(files.workspace_id, ctx.principal.workspaceId)))
    .returning()
  const details = { fields: Object.keys(patch) }
  const [row] = await audited(ctx, change, { action: 'file.changed', resourceId: id, details })
  if (row === undefined) throw new AppError('not_found')
  return toFile(ctx.config, row)
}
