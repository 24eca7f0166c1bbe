import { and, eq, isNotNull } from 'drizzle-orm'
import { AppError } from '#core/errors'
import { sniffType } from '#core/files/sniff'
import type { Upload, UploadInput } from '#core/files/upload'
import { blobKey } from '#files/object-keys'
import { stored } from '#files/stored'
import { newId } from '#lib/ids'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { findUpload, seekUpload, seekUploaded } from './find-upload.ts'
import { quotaExceeded, quotaOf, usedBytes } from './measure-storage.ts'
import { limitFor, tooLarge } from './receive-blob.ts'

/** Addresses for parts, and what came, are kept so long after the last part. */
export const PAUSE_MS = 24 * 60 * 60 * 1000
const MAX_UPLOADS = 100
const MIB = 1024 * 1024

/**
 * Begins an upload in parts. Nothing is stored before the row knows where.
 *
 * @throws AppError `file_too_large`, `storage_quota_exceeded`, `too_many_uploads`, `storage_unavailable`; `upload_over`
 *   for a repeat of one that has ended
 */
export async function createUpload(ctx: Ctx, input: UploadInput, idempotency?: Idempotency): Promise<Upload> {
  const minted = newId()
  const id = await claimId(ctx, idempotency, () => minted)
  if (id !== minted) {
    if ((await seekUpload(ctx, id)) ?? (await seekUploaded(ctx, id))) return findUpload(ctx, id)
    throw new AppError('upload_over')
  }
  await refuseTooMuch(ctx, input)
  const { fileUploads: uploads } = ctx.db.tables
  const { workspaceId, userId } = ctx.principal
  const fileId = newId()
  const now = ctx.now()
  await ctx.db.insert(uploads).values({
    id,
    workspace_id: workspaceId,
    file_id: fileId,
    created_by: userId,
    input,
    size: input.size,
    state: 'open',
    created_at: new Date(now),
    expires_at: new Date(now + PAUSE_MS),
  })
  const { uploadId } = await stored(ctx.env.FILES.createMultipartUpload(blobKey(workspaceId, fileId, id)))
  await ctx.db
    .update(uploads)
    .set({ multipart_id: uploadId })
    .where(and(eq(uploads.id, id), eq(uploads.workspace_id, workspaceId)))
  return findUpload(ctx, id)
}

/** By what the client says; the bytes are looked at when they are there. */
async function refuseTooMuch(ctx: Ctx, { filename, size, content_type: type }: UploadInput): Promise<void> {
  const { fileUploads: uploads } = ctx.db.tables
  if (size > ctx.config.FILES_MAX_MB * MIB) throw tooLarge('', ctx.config.FILES_MAX_MB * MIB)
  const claimed = type ?? sniffType(new Uint8Array(), { filename })
  if (type !== undefined && size > limitFor(ctx.config, claimed)) throw tooLarge(claimed, limitFor(ctx.config, claimed))
  const [used, quota] = [await usedBytes(ctx), quotaOf(ctx.config)]
  if (used + size > quota) throw quotaExceeded(used, quota)
  const isOpen = and(eq(uploads.workspace_id, ctx.principal.workspaceId), isNotNull(uploads.input))
  if ((await ctx.db.$count(uploads, isOpen)) >= MAX_UPLOADS) {
    throw new AppError('too_many_uploads', { params: { limit: MAX_UPLOADS } })
  }
}
