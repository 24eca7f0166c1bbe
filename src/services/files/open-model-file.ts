import { noteOn } from '#core/agent/file-note'
import type { UserContent } from '#core/agent/model'
import type { FilePart } from '#core/chat/message'
import { AppError } from '#core/errors'
import { MAX_MODEL_FILE_BYTES } from '#core/files/model-file'
import type { FileCtx } from './file-ctx.ts'
import { openFile } from './open-file.ts'

/** Bytes that a turn may still read. */
export interface FileBudget {
  left: number
}

/**
 * A file of a message as a model is given it. What is gone, or too large, is told in words.
 *
 * @throws AppError `storage_unavailable`; DatabaseUnavailable
 */
export async function openModelFile(ctx: FileCtx, part: FilePart, budget: FileBudget): Promise<UserContent> {
  const { file_id: id, filename, content_type: contentType, size } = part
  const told = (reason: string): UserContent => ({
    type: 'text',
    text: noteOn({ filename, contentType }, size, reason),
  })
  if (size > MAX_MODEL_FILE_BYTES) return told('too large to be read here')
  if (size > budget.left) return told('not read again, to make room for later files')
  budget.left -= size
  try {
    const data = await (await openFile(ctx, id)).bytes(MAX_MODEL_FILE_BYTES)
    return { type: 'file', data, contentType, filename }
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'not_found') throw error
    return told('it was deleted since')
  }
}
