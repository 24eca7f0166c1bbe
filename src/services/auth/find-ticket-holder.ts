import type { Ticket } from '#auth/tickets'
import type { Principal } from '#core/principal'
import { findKeyHolder } from '#services/api-keys/find-key-holder'
import type { PublicCtx } from '#services/context'
import { findPrincipal } from './find-principal.ts'

/**
 * Who asked for a ticket, if the session or API key still stands.
 *
 * @throws AppError `invalid_credentials`, `not_found` when the workspace is not theirs any more
 */
export async function findTicketHolder(ctx: PublicCtx, ticket: Ticket): Promise<Principal> {
  const { userId, sessionId, isApiKey, workspaceId, socketEndsAt: expiresAt } = ticket
  if (isApiKey) return findKeyHolder(ctx, { id: sessionId }, workspaceId)
  return findPrincipal(ctx, { userId, sessionId, expiresAt }, workspaceId)
}
