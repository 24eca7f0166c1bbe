import { chatSession } from '#actors'
import type { ChatMessage } from '#core/chat/message'
import type { Ctx } from '#services/context'
import { toMessageView } from './to-chat.ts'

/** The answer to a message, once it is whole or waits for a person; undefined when that takes longer. */
export async function waitReply(
  ctx: Ctx,
  { chat_id, turn_id }: Pick<ChatMessage, 'chat_id' | 'turn_id'>,
  seconds: number | undefined,
): Promise<ChatMessage | undefined> {
  if (seconds === undefined) return undefined
  const actor = chatSession(ctx.env, chat_id)
  ctx.turn.end()
  const reply = await actor.waitTurn(ctx.principal.workspaceId, turn_id, seconds * 1_000)
  return reply && toMessageView(reply, ctx.locale)
}
