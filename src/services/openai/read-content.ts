import type { UserContent } from '#core/agent/model'
import { readDataUrl } from '#core/chat/attachment'
import { AppError } from '#core/errors'
import { SNIFF_BYTES, sniffType } from '#core/files/sniff'
import { MAX_MODEL_FILES_BYTES } from '#core/files/model-file'
import type { OpenAiUserContent } from '#core/openai/input'
import { demand } from '#services/auth/demand'
import { findAttachments } from '#services/chats/find-attachments'
import type { Ctx } from '#services/context'
import { openModelFile } from '#services/files/open-model-file'

/**
 * Reads what users' messages of one request hold: data URLs as they are, and files of the workspace by their id. No
 * address is fetched.
 *
 * @throws AppError (from what it returns) `chat_file_unreadable`; `not_found` for another workspace's file
 */
export function createContentReader(ctx: Ctx): (content: OpenAiUserContent) => Promise<readonly UserContent[]> {
  const budget = { left: MAX_MODEL_FILES_BYTES }

  function readInline(url: string, filename?: string): UserContent {
    const file = readDataUrl(url, filename)
    if (file === undefined) throw new AppError('chat_file_unreadable')
    const { bytes: data, filename: name, contentType: type } = file
    return {
      type: 'file',
      data,
      filename: name,
      contentType: sniffType(data.subarray(0, SNIFF_BYTES), { type, filename: name }),
    }
  }

  async function readStored(id: string): Promise<UserContent> {
    demand(ctx.principal, 'files:read')
    const [part] = await findAttachments(ctx, [id])
    if (part === undefined) throw new AppError('not_found')
    return openModelFile(ctx, part, budget)
  }

  return async (content) => {
    if (typeof content === 'string') return [{ type: 'text', text: content }]
    const read: UserContent[] = []
    for (const part of content) {
      if (part.type === 'text') read.push({ type: 'text', text: part.text })
      else if (part.type === 'image_url') read.push(readInline(part.image_url.url))
      else if (part.file.file_id !== undefined) read.push(await readStored(part.file.file_id))
      else read.push(readInline(part.file.file_data ?? '', part.file.filename))
    }
    return read
  }
}
