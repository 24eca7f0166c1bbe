import { and, eq } from 'drizzle-orm'
import type { Db } from '#db/connect'
import { deletePrefix } from '#files/delete-prefix'
import { blobKey, blobPrefix } from '#files/object-keys'
import { stored } from '#files/stored'
import { describeError, logLine } from '#lib/log'

interface Discarding {
  readonly env: Env
  readonly db: Db
}

/**
 * Throws away what came of an upload that will be no file: first the claim, so that nobody makes a file of it any more,
 * then the bytes, then the claim's row. A crash between any two of them leaves the row, for the sweep.
 *
 * @returns false when there is no such upload: it was thrown away, or became a file
 * @throws AppError `storage_unavailable`; DatabaseUnavailable
 */
export async function discardBlob({ env, db }: Discarding, workspaceId: string, blobId: string): Promise<boolean> {
  const { fileUploads: uploads } = db.tables
  const isIt = and(eq(uploads.id, blobId), eq(uploads.workspace_id, workspaceId))
  const [claimed] = await db
    .update(uploads)
    .set({ state: 'aborting' })
    .where(isIt)
    .returning({ fileId: uploads.file_id, multipartId: uploads.multipart_id })
  if (claimed === undefined) return false
  const { fileId, multipartId } = claimed
  if (multipartId !== null) await abort(env.FILES, blobKey(workspaceId, fileId, blobId), multipartId)
  await stored(deletePrefix(env.FILES, blobPrefix(workspaceId, fileId, blobId)))
  await db.delete(uploads).where(isIt)
  return true
}

/** The same where another error is on its way to the caller; what fails here is left to the sweep. */
export async function discardQuietly(ctx: Discarding, workspaceId: string, blobId: string): Promise<void> {
  try {
    await discardBlob(ctx, workspaceId, blobId)
  } catch (error) {
    logLine('warn', { event: 'upload_left_to_sweep', error: describeError(error) })
  }
}

/** One that is complete or aborted already refuses, and is no error. */
async function abort(bucket: R2Bucket, key: string, multipartId: string): Promise<void> {
  try {
    await bucket.resumeMultipartUpload(key, multipartId).abort()
  } catch (error) {
    // 10024: there is no such upload.
    if (!String(error).includes('10024')) await stored(Promise.reject(error))
  }
}
