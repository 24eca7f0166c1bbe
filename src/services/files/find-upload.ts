import { and, eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import type { Upload } from '#core/files/upload'
import type { FileCtx } from './file-ctx.ts'
import type { FileRow } from './to-file.ts'
import { toCompleted, toUpload, type UploadRow } from './to-upload.ts'

/** What has come and what is missing; also of one that is complete. @throws AppError `not_found` */
export async function findUpload(ctx: FileCtx, id: string): Promise<Upload> {
  const found = await seekUpload(ctx, id)
  if (found !== undefined) return toUpload(ctx, found, new Set((await listParts(ctx, id)).map(({ number }) => number)))
  const file = await seekUploaded(ctx, id)
  if (file === undefined) throw new AppError('not_found')
  return toCompleted(ctx, file)
}

/** An upload in parts that stands, or undefined. */
export async function seekUpload({ db, principal, now }: FileCtx, id: string): Promise<UploadRow | undefined> {
  const { fileUploads: uploads } = db.tables
  const [row] = await db
    .select()
    .from(uploads)
    .where(and(eq(uploads.id, id), eq(uploads.workspace_id, principal.workspaceId), eq(uploads.state, 'open')))
  const stands = row !== undefined && row.input !== null && row.expires_at.getTime() > now()
  return stands ? row : undefined
}

/** The file that an upload became, or undefined. */
export async function seekUploaded({ db, principal }: FileCtx, uploadId: string): Promise<FileRow | undefined> {
  const { files } = db.tables
  const [row] = await db
    .select()
    .from(files)
    .where(and(eq(files.blob_id, uploadId), eq(files.workspace_id, principal.workspaceId)))
  return row
}

/** The parts that came, in their order. The caller has found the upload, and may. */
export function listParts({ db }: FileCtx, uploadId: string): Promise<{ number: number; etag: string }[]> {
  const { fileUploadParts: parts } = db.tables
  return db
    .select({ number: parts.number, etag: parts.etag })
    .from(parts)
    .where(eq(parts.upload_id, uploadId))
    .orderBy(parts.number)
}
