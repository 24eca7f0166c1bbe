import { chatSession } from '#actors'
import type { MessageInput } from '#core/chat/chat'
import type { ChatMessage } from '#core/chat/message'
import type { SayAnswer } from '#core/chat/turn'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { findHeader } from './find-chat.ts'
import { toMessageView } from './to-chat.ts'

export interface Said {
  readonly message: ChatMessage
  readonly after: number | undefined
}

/**
 * Says something in a chat and has it answered. Durable when this returns.
 *
 * @param instead the message that this one is put in the place of, with all behind it
 * @returns the message, and behind which `seq` what comes of it is found, as long as it is
 * @throws AppError `not_found`; `chat_message_empty`, `chat_attachments_unavailable`, `chat_queue_full`
 */
export async function sendMessage(
  ctx: Ctx,
  chatId: string,
  input: MessageInput,
  { idempotency, instead }: { readonly idempotency?: Idempotency | undefined; readonly instead?: string } = {},
): Promise<Said> {
  const header = await findHeader(ctx, chatId)
  const { content, message: older, attachments, metadata = null, interrupt } = input
  const text = content ?? older ?? ''
  if (attachments != null && attachments.length > 0) throw new AppError('chat_attachments_unavailable')
  if (text.trim() === '') throw new AppError('chat_message_empty')
  const id = await claimId(ctx, idempotency)
  const { userId } = ctx.principal
  const answer = await chatSession(ctx.env, chatId).say(header, {
    id,
    userId,
    text,
    files: [],
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
