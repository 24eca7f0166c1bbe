import { signTicket } from '#auth/tickets'
import { TICKET_TTL_SECONDS, type TicketAnswer, type TicketInput } from '#core/auth/ticket'
import type { Ctx } from '#services/context'
import { AppError } from '#core/errors'
import { findExecution } from '#services/executions/find-execution'
import { demandSession } from './demand.ts'

/**
 * A ticket for one websocket, for those who cannot send a header with it, as browsers cannot.
 *
 * @throws AppError `not_found` when the caller may not see what it opens
 */
export async function issueTicket(ctx: Ctx, input: TicketInput): Promise<TicketAnswer> {
  const { resource, id } = input
  const { userId, sessionId, workspaceId, expiresAt } = demandSession(ctx.principal)
  if (resource === 'execution') await findExecution(ctx, id)
  // The workspace of the request, which the caller is known to be in.
  else if (id !== workspaceId) throw new AppError('not_found')
  const ticket = { userId, sessionId, workspaceId, resource, id, socketEndsAt: expiresAt }
  return { ticket: await signTicket(ctx.config, ticket, ctx.now()), expires_in: TICKET_TTL_SECONDS }
}
