import { and, eq } from 'drizzle-orm'
import { verifyFileLink } from '#auth/file-links'
import { AppError } from '#core/errors'
import { connectWithin } from '#db/connect'
import { blobKey } from '#files/object-keys'
import { stored } from '#files/stored'
import type { PublicCtx } from '#services/context'
import { PAUSE_MS } from './create-upload.ts'
import type { FileCtx } from './file-ctx.ts'
import { seekUpload } from './find-upload.ts'
import { MAX_LIFE_MS, partCount, partSize } from './to-upload.ts'

/** One part as it comes. */
export interface PartBody {
  readonly number: number
  /** What the request announces. */
  readonly length: number | undefined
  readonly stream: ReadableStream | null
}

/**
 * Stores one part of an upload, as it comes; one that came before is replaced. Whoever has the address may.
 *
 * @throws AppError `invalid_token`; `upload_over`; `not_found` for a part that there is not; `part_size_mismatch`;
 *   `storage_unavailable`
 */
export async function putPart(
  publicCtx: PublicCtx,
  token: string,
  { number, length, stream }: PartBody,
): Promise<void> {
  const claims = await verifyFileLink(publicCtx.config, 'upload', token, publicCtx.now())
  if (claims === undefined) throw new AppError('invalid_token')
  const { id, workspaceId } = claims
  const principal = { kind: 'actor', workspaceId, userId: null } as const
  const ctx: FileCtx = { ...publicCtx, db: connectWithin(publicCtx.env, workspaceId), principal }
  const upload = await seekUpload(ctx, id)
  if (upload?.multipart_id == null || upload.size === null) throw new AppError('upload_over')
  if (number < 1 || number > partCount(upload.size)) throw new AppError('not_found')
  const size = partSize(upload.size, number)
  if (length !== size || stream === null) throw new AppError('part_size_mismatch', { params: { size } })
  const key = blobKey(workspaceId, upload.file_id, id)
  const multipart = ctx.env.FILES.resumeMultipartUpload(key, upload.multipart_id)
  const { etag } = await stored(multipart.uploadPart(number, stream.pipeThrough(new FixedLengthStream(size))))
  await notePart(ctx, id, number, etag, upload.created_at.getTime() + MAX_LIFE_MS)
}

async function notePart({ db, principal, now }: FileCtx, id: string, number: number, etag: string, endsAt: number) {
  const { fileUploads: uploads, fileUploadParts: parts } = db.tables
  await db.batch([
    db
      .insert(parts)
      .values({ upload_id: id, number, etag })
      .onConflictDoUpdate({ target: [parts.upload_id, parts.number], set: { etag } }),
    db
      .update(uploads)
      .set({ expires_at: new Date(Math.min(now() + PAUSE_MS, endsAt)) })
      .where(and(eq(uploads.id, id), eq(uploads.workspace_id, principal.workspaceId), eq(uploads.state, 'open'))),
  ])
}
