import { signTicket } from '#auth/tickets'
import { TICKET_TTL_SECONDS, type TicketAnswer, type TicketInput } from '#core/auth/ticket'
import { credentialId, socketEndsAt } from '#core/principal'
import type { Ctx } from '#services/context'
import { demand } from './demand.ts'
import { AppError } from '#core/errors'
import { findChat } from '#services/chats/find-chat'
import { findExecution } from '#services/executions/find-execution'

/**
 * A ticket for one websocket, for those who cannot send a header with it, as browsers cannot.
 *
 * @throws AppError `not_found` when the caller may not see what it opens
 */
export async function issueTicket(ctx: Ctx, input: TicketInput): Promise<TicketAnswer> {
  const { resource, id } = input
  demand(ctx.principal, resource === 'chat' ? 'chats:read' : 'executions:read')
  if (resource === 'execution') await findExecution(ctx, id)
  else if (resource === 'chat') await findChat(ctx, id)
  // The workspace of the request, which the caller is known to be in.
  else if (id !== ctx.principal.workspaceId) throw new AppError('not_found')
  const { principal, now } = ctx
  const { userId, workspaceId } = principal
  const holder = { userId, sessionId: credentialId(principal), isApiKey: principal.kind === 'api_key', workspaceId }
  const ticket = { ...holder, resource, id, socketEndsAt: socketEndsAt(principal, now()) }
  return { ticket: await signTicket(ctx.config, ticket, now()), expires_in: TICKET_TTL_SECONDS }
}
