import { createHash } from 'node:crypto'
import type { InlineFile } from '#core/chat/attachment'
import type { FilePart } from '#core/chat/message'
import { uuidv8 } from '#lib/ids'
import type { Ctx } from '#services/context'
import { saveFile } from '#services/files/save-file'

/**
 * Stores what came within a message, as files of the workspace: the same message stores each once.
 *
 * @throws AppError `file_too_large`, `storage_quota_exceeded`, `storage_unavailable`
 */
export async function attachInline(ctx: Ctx, messageId: string, files: readonly InlineFile[]): Promise<FilePart[]> {
  const parts: FilePart[] = []
  for (const [index, { filename, contentType, bytes }] of files.entries()) {
    const id = uuidv8(createHash('sha256').update(`${messageId}/${index}`).digest())
    const order = { id, name: filename, content_type: contentType, content: bytes, origin: 'chat' } as const
    const saved = await saveFile(ctx, order)
    const { content_type, size } = saved
    parts.push({ type: 'file', file_id: saved.id, filename: saved.filename, content_type, size })
  }
  return parts
}
