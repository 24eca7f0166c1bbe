import { and, eq, type SQL, sql } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { Db } from '#db/connect'
import { deletePrefix } from '#files/delete-prefix'
import { blobPrefix, WORKSPACES } from '#files/object-keys'
import { withLine } from '#services/audit/audit'
import type { Ctx } from '#services/context'

/**
 * Deletes a file: in one transaction the row goes and the prefix of its objects is written down; then the objects go,
 * now or, after a crash, in the next sweep.
 *
 * @throws AppError `not_found`
 */
export async function deleteFile(ctx: Ctx, id: string): Promise<void> {
  const { db } = ctx
  const { files, objectDeletions } = db.tables
  const { workspaceId } = ctx.principal
  const isIt = and(eq(files.id, id), eq(files.workspace_id, workspaceId))
  const deletion = db.delete(files).where(isIt).returning({ id: files.id, blobId: files.blob_id })
  const [, , [gone]] = await db.batch([
    // Of two who delete it the second waits here, and finds nothing.
    db.select({ id: files.id }).from(files).where(isIt).for('update'),
    db.insert(objectDeletions).select(doomedPrefixes(db, isIt)).onConflictDoNothing(),
    withLine(ctx, db, deletion, { action: 'file.deleted', resourceId: id }),
  ])
  if (gone === undefined) throw new AppError('not_found')
  const prefix = blobPrefix(workspaceId, gone.id, gone.blobId)
  ctx.later(async () => {
    if (await deletePrefix(ctx.env.FILES, prefix)) return
    await db.delete(objectDeletions).where(eq(objectDeletions.prefix, prefix))
  })
}

/** What the objects of these files begin with, for `object_deletions`. @param condition on `files` */
export function doomedPrefixes(db: Db, condition: SQL | undefined) {
  const { files } = db.tables
  const prefix = sql`${WORKSPACES}::text || ${files.workspace_id} || '/files/' || ${files.id} || '/' || ${files.blob_id} || '/'`
  return db
    .select({ prefix: prefix.as('prefix'), created_at: sql`now()`.as('at') })
    .from(files)
    .where(condition)
}
