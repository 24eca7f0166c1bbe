import { verifyTicket } from '#auth/tickets'
import type { TicketResource } from '#core/auth/ticket'
import { AppError } from '#core/errors'
import { can, type WorkspacePermission } from '#core/permissions'
import { credentialId, type Principal, socketEndsAt } from '#core/principal'
import type { SocketCaller } from '#core/socket'
import type { PublicCtx } from '#services/context'
import { authenticate } from './authenticate.ts'
import { demand } from './demand.ts'
import { findTicketHolder } from './find-ticket-holder.ts'

const TO_OPEN = {
  execution: 'executions:read',
  workspace: 'executions:read',
  chat: 'chats:read',
} as const satisfies Record<TicketResource, WorkspacePermission>

/** What came with the upgrade request. */
export interface SocketCredentials {
  readonly ticket: string | undefined
  readonly token: string | undefined
  readonly workspaceId: string | undefined
}

/**
 * Who opens the socket.
 *
 * @param id of the execution or chat; a workspace's socket is the caller's own and has none
 * @throws AppError `invalid_credentials`, `not_found` for a workspace that is not the caller's, `forbidden` and its kind
 */
export async function identifySocket(
  ctx: PublicCtx,
  resource: TicketResource,
  id: string | undefined,
  credentials: SocketCredentials,
): Promise<SocketCaller & { readonly mayWrite: boolean; readonly mayReadFiles: boolean }> {
  const { principal, ticket } = await (credentials.ticket === undefined
    ? byToken(ctx, credentials)
    : byTicket(ctx, resource, id, credentials.ticket))
  demand(principal, TO_OPEN[resource])
  const may = { mayWrite: can(principal, 'chats:write'), mayReadFiles: can(principal, 'files:read') }
  return { ...toSocketCaller(principal, ctx.now()), ticket, ...may }
}

/** An authenticated caller as one who opens a socket. */
export function toSocketCaller(principal: Principal, now: number): SocketCaller {
  const { workspaceId, userId } = principal
  return {
    workspaceId,
    holder: { kind: principal.kind === 'user' ? 'session' : 'api_key', id: credentialId(principal), userId },
    expiresAt: socketEndsAt(principal, now),
  }
}

interface Identified {
  readonly principal: Principal
  readonly ticket?: SocketCaller['ticket']
}

async function byToken(ctx: PublicCtx, { token, workspaceId }: SocketCredentials): Promise<Identified> {
  if (token === undefined) throw new AppError('invalid_credentials')
  return { principal: await authenticate(ctx, token, workspaceId) }
}

/** The session or key may have ended since the ticket was given, so it is looked up again. */
async function byTicket(
  ctx: PublicCtx,
  resource: TicketResource,
  id: string | undefined,
  text: string,
): Promise<Identified> {
  const ticket = await verifyTicket(ctx.config, text, ctx.now())
  if (ticket === undefined || ticket.resource !== resource || ticket.id !== (id ?? ticket.workspaceId))
    throw new AppError('invalid_credentials')
  // The socket ends with what asked for the ticket, whose end the ticket knows.
  const principal = { ...(await findTicketHolder(ctx, ticket)), expiresAt: ticket.socketEndsAt }
  return { principal, ticket: { id: ticket.jti, expiresAt: ticket.expiresAt } }
}
