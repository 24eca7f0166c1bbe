import { signFileLink, verifyFileLink } from '#auth/file-links'
import { AppError } from '#core/errors'
import type { FileLink } from '#core/files/file'
import { connectWithin } from '#db/connect'
import type { Ctx, PublicCtx } from '#services/context'
import { findFileRow } from './find-file.ts'
import { openFile, type OpenedFile } from './open-file.ts'

const SECOND_MS = 1_000

/**
 * A link that opens one file without a token, for a while: whoever has it may read.
 *
 * @param expiresIn seconds
 * @throws AppError `not_found`
 */
export async function linkFile(ctx: Ctx, id: string, expiresIn: number): Promise<FileLink> {
  await findFileRow(ctx, id)
  const { workspaceId } = ctx.principal
  const now = ctx.now()
  const until = now + expiresIn * SECOND_MS
  const token = await signFileLink(ctx.config, 'file', { id, workspaceId }, { now, until })
  return {
    url: `${ctx.config.PUBLIC_URL.replace(/\/$/, '')}/files/${token}`,
    expires_in: expiresIn,
    expires_at: new Date(until).toISOString(),
  }
}

/**
 * The file that a link opens.
 *
 * @throws AppError `invalid_token` when it is none of ours or has expired; `not_found` when the file is gone
 */
export async function openLink(ctx: PublicCtx, token: string): Promise<OpenedFile> {
  const claims = await verifyFileLink(ctx.config, 'file', token, ctx.now())
  if (claims === undefined) throw new AppError('invalid_token')
  const { id, workspaceId } = claims
  const principal = { kind: 'actor', workspaceId, userId: null } as const
  return openFile({ ...ctx, db: connectWithin(ctx.env, workspaceId), principal }, id)
}
