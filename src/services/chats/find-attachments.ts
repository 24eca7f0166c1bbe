import { and, eq, inArray } from 'drizzle-orm'
import type { FilePart } from '#core/chat/message'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'

interface AttachCtx extends Pick<Ctx, 'db'> {
  readonly principal: Pick<Ctx['principal'], 'workspaceId'>
}

/**
 * Files of the workspace as parts of a message, in the order of the ids.
 *
 * @throws AppError `not_found` when one of them is not the workspace's
 */
export async function findAttachments({ db, principal }: AttachCtx, ids: readonly string[]): Promise<FilePart[]> {
  if (ids.length === 0) return []
  const { files } = db.tables
  const rows = await db
    .select({
      file_id: files.id,
      filename: files.filename,
      content_type: files.content_type,
      size: files.size,
    })
    .from(files)
    .where(and(eq(files.workspace_id, principal.workspaceId), inArray(files.id, [...ids])))
  return ids.map((id) => {
    const found = rows.find(({ file_id }) => file_id === id)
    if (found === undefined) throw new AppError('not_found')
    return { type: 'file', ...found }
  })
}
