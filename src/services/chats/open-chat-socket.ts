import { chatSession } from '#actors'
import { toChatSocketRequest } from '#core/chat/socket'
import { AppError } from '#core/errors'
import type { SocketCaller } from '#core/socket'
import type { PublicCtx } from '#services/context'
import { findHeader } from './find-chat.ts'

/** The response that upgrades to a chat's websocket; undefined when there is no such chat for the caller. */
export async function openChatSocket(
  ctx: PublicCtx,
  id: string,
  after: number | undefined,
  caller: SocketCaller & { readonly mayWrite: boolean; readonly mayReadFiles: boolean },
): Promise<Response | undefined> {
  const principal = { workspaceId: caller.workspaceId, userId: caller.holder.userId }
  try {
    const chat = await findHeader({ db: ctx.db, principal }, id)
    return await chatSession(ctx.env, id).fetch(toChatSocketRequest({ ...caller, after, chat }))
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return undefined
    throw error
  }
}
