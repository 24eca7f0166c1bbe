import { and, eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { StoredFile } from '#core/files/file'
import type { FileCtx } from './file-ctx.ts'
import { type FileRow, toFile } from './to-file.ts'

/** @throws AppError `not_found`, also for another workspace's */
export async function findFile(ctx: FileCtx, id: string): Promise<StoredFile> {
  return toFile(ctx.config, await findFileRow(ctx, id))
}

/** @throws AppError `not_found`, also for another workspace's */
export async function findFileRow(ctx: FileCtx, id: string): Promise<FileRow> {
  const row = await seekFileRow(ctx, id)
  if (row === undefined) throw new AppError('not_found')
  return row
}

/** The row, or undefined where the workspace has no such file. */
export async function seekFileRow({ db, principal }: FileCtx, id: string): Promise<FileRow | undefined> {
  const { files } = db.tables
  const [row] = await db
    .select()
    .from(files)
    .where(and(eq(files.id, id), eq(files.workspace_id, principal.workspaceId)))
  return row
}
