import { chatSession } from '#actors'
import type { Decision } from '#core/chat/turn'
import { AppError } from '#core/errors'
import type { Ctx } from '#services/context'
import { findHeader } from './find-chat.ts'

/**
 * Approves, denies or answers a call of a tool that asked. The first decision stands.
 *
 * @throws AppError `not_found`, `chat_call_unknown`, `chat_call_decided`
 */
export async function decideCall(ctx: Ctx, chatId: string, decision: Omit<Decision, 'by'>): Promise<void> {
  const { workspaceId } = await findHeader(ctx, chatId)
  const { userId: by } = ctx.principal
  const answer = await chatSession(ctx.env, chatId).decide(workspaceId, { ...decision, by })
  if (answer === 'unknown') throw new AppError('chat_call_unknown')
  if (answer === 'decided') throw new AppError('chat_call_decided')
}
