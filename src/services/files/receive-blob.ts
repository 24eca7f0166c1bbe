import { and, eq } from 'drizzle-orm'
import { AppError } from '#core/errors'
import { kindOf } from '#core/files/kinds'
import { sniffType } from '#core/files/sniff'
import { blobKey } from '#files/object-keys'
import { writeObject } from '#files/write-object'
import { newId } from '#lib/ids'
import { discardQuietly } from './discard-blob.ts'
import type { FileCtx } from './file-ctx.ts'
import { quotaExceeded, quotaOf, usedBytes } from './measure-storage.ts'

const MIB = 1024 * 1024
const MINUTE_MS = 60_000
/** An upload from which nothing was heard for so long was left behind by a crash. */
export const LEASE_MS = 60 * MINUTE_MS
/** How often one that goes on says so. */
const RENEW_MS = 10 * MINUTE_MS

/** Bytes that are stored and no file yet: `keepFile` makes one of them, `discardBlob` takes them back. */
export interface Blob {
  readonly id: string
  readonly contentType: string
  readonly size: number
  readonly sha256: string
}

/**
 * Stores bytes as they come, within the limits of what they turn out to be and of the quota. When this throws nothing
 * of them is left.
 *
 * @param claim what the sender says of them
 * @throws AppError `file_too_large`, `storage_quota_exceeded`, `storage_unavailable`; whatever the source throws
 */
export async function receiveBlob(
  ctx: FileCtx,
  fileId: string,
  source: AsyncIterable<Uint8Array>,
  claim: { readonly filename: string; readonly type?: string },
): Promise<Blob> {
  const { db, env, now } = ctx
  const { workspaceId, userId } = ctx.principal
  const { fileUploads: uploads } = db.tables
  const quota = quotaOf(ctx.config)
  const used = await usedBytes(ctx)
  const id = newId()
  let contentType = ''
  let limit = 0
  let renewAt = 0
  await db.insert(uploads).values({
    id,
    workspace_id: workspaceId,
    file_id: fileId,
    created_by: userId,
    state: 'open',
    created_at: new Date(now()),
    expires_at: new Date(now() + LEASE_MS),
  })
  try {
    const written = await writeObject(env.FILES, blobKey(workspaceId, fileId, id), source, {
      onHead(head) {
        contentType = sniffType(head, claim)
        limit = limitFor(ctx.config, contentType)
      },
      onBytes(total) {
        if (contentType !== '' && total > limit) throw tooLarge(contentType, limit)
        if (used + total > quota) throw quotaExceeded(used, quota)
      },
      async onPart(multipart_id) {
        if (now() < renewAt) return
        renewAt = now() + RENEW_MS
        const isIt = and(eq(uploads.id, id), eq(uploads.workspace_id, workspaceId), eq(uploads.state, 'open'))
        const renewed = { multipart_id, expires_at: new Date(now() + LEASE_MS) }
        const rows = await db.update(uploads).set(renewed).where(isIt).returning({ id: uploads.id })
        if (rows.length === 0) throw new AppError('upload_over')
      },
    })
    if (written.size > limit) throw tooLarge(contentType, limit)
    return { id, contentType, ...written }
  } catch (error) {
    await discardQuietly(ctx, workspaceId, id)
    throw error
  }
}

/** The bytes that a file of this type may have here. */
export function limitFor({ FILES_MAX_MB }: { readonly FILES_MAX_MB: number }, contentType: string): number {
  return Math.min(kindOf(contentType).limitBytes, FILES_MAX_MB * MIB)
}

export function tooLarge(contentType: string, limit: number): AppError {
  return new AppError('file_too_large', { params: { limit, kind: kindOf(contentType).kind } })
}
