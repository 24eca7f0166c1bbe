import { chatSession } from '#actors'
import { type InlineFile, MAX_ATTACHMENTS, toFileIds } from '#core/chat/attachment'
import type { MessageInput } from '#core/chat/chat'
import type { ChatMessage } from '#core/chat/message'
import type { SayAnswer } from '#core/chat/turn'
import { AppError } from '#core/errors'
import { demand } from '#services/auth/demand'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { attachInline } from './attach-inline.ts'
import { findAttachments } from './find-attachments.ts'
import { findHeader } from './find-chat.ts'
import { toMessageView } from './to-chat.ts'

export interface Said {
  readonly message: ChatMessage
  readonly after: number | undefined
}

interface Saying {
  readonly idempotency?: Idempotency | undefined
  /** The message that this one is put in the place of, with all behind it. */
  readonly instead?: string
  /** Files that came within the message: they are stored. */
  readonly inline?: readonly InlineFile[]
  /** Files of the workspace, besides the attachments. */
  readonly fileIds?: readonly string[]
}

/**
 * Says something in a chat and has it answered. Durable when this returns.
 *
 * @returns the message, and behind which `seq` what comes of it is found, as long as it is
 * @throws AppError `not_found`; `chat_message_empty`, `chat_queue_full`, `insufficient_scope`; those of `saveFile`
 */
export async function sendMessage(
  ctx: Ctx,
  chatId: string,
  input: MessageInput,
  { idempotency, instead, inline = [], fileIds = [] }: Saying = {},
): Promise<Said> {
  const header = await findHeader(ctx, chatId)
  const { content, message: older, attachments, metadata = null, interrupt } = input
  const text = content ?? older ?? ''
  const ids = [...toFileIds(attachments), ...fileIds]
  const count = ids.length + inline.length
  if (count > MAX_ATTACHMENTS) throw new AppError('chat_too_many_files', { params: { limit: MAX_ATTACHMENTS } })
  if (text.trim() === '' && count === 0) throw new AppError('chat_message_empty')
  if (ids.length > 0) demand(ctx.principal, 'files:read')
  const known = await findAttachments(ctx, ids)
  const id = await claimId(ctx, idempotency)
  const files = [...known, ...(await attachInline(ctx, id, inline))]
  const { userId } = ctx.principal
  const answer = await chatSession(ctx.env, chatId).say(header, {
    id,
    userId,
    text,
    files,
    metadata,
    interrupt,
    instead,
  })
  const said = saidOrRefuse(answer)
  return { message: toMessageView(said.message, ctx.locale), after: said.after }
}

/** @throws AppError `chat_queue_full`, `not_found` */
export function saidOrRefuse(said: SayAnswer): Said {
  if (said.status === 'said') return said
  throw new AppError(said.status === 'full' ? 'chat_queue_full' : 'not_found')
}
