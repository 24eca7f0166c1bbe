import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'
import { discardBlob } from './discard-blob.ts'
import { seekUpload } from './find-upload.ts'

/** Gives an upload up, with what came of it. @throws AppError `not_found`; `storage_unavailable` */
export async function abortUpload(ctx: Ctx, id: string): Promise<void> {
  const upload = await seekUpload(ctx, id)
  const isGone = upload !== undefined && (await discardBlob(ctx, ctx.principal.workspaceId, id))
  if (!isGone) throw new AppError('not_found')
}
