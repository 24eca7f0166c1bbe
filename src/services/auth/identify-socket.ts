import { verifyTicket } from '#auth/tickets'
import { SOCKET_PERMISSIONS, type SocketResource } from '#core/hub/connection'
import { AppError } from '#core/errors'
import type { Principal } from '#core/principal'
import type { SocketCaller } from '#core/socket'
import type { PublicCtx } from '#services/context'
import { authenticate } from './authenticate.ts'
import { demand } from './demand.ts'
import { findPrincipal } from './find-principal.ts'

/** A key may live for ever, a socket not: its client comes back with `?after=`. */
const MAX_SOCKET_MS = 24 * 60 * 60_000

/** What came with the upgrade request. */
export interface SocketCredentials {
  readonly ticket: string | undefined
  readonly token: string | undefined
  readonly workspaceId: string | undefined
}

/**
 * Who opens the socket.
 *
 * @param id of the execution; a workspace's socket is the caller's own and has none
 * @throws AppError `invalid_credentials`, `not_found` for a workspace that is not the caller's, `forbidden` and its kind
 */
export async function identifySocket(
  ctx: PublicCtx,
  resource: SocketResource,
  id: string | undefined,
  credentials: SocketCredentials,
): Promise<SocketCaller> {
  const { principal, ticket } = await (credentials.ticket === undefined
    ? byToken(ctx, credentials)
    : byTicket(ctx, resource, id, credentials.ticket))
  demand(principal, SOCKET_PERMISSIONS[resource])
  const { workspaceId, userId, expiresAt } = principal
  return {
    workspaceId,
    holder:
      principal.kind === 'user'
        ? { kind: 'session', id: principal.sessionId, userId }
        : { kind: 'api_key', id: principal.apiKeyId, userId },
    expiresAt: Math.min(expiresAt, ctx.now() + MAX_SOCKET_MS),
    ticket,
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

/** The session may have ended since the ticket was given, so it is looked up again. */
async function byTicket(
  ctx: PublicCtx,
  resource: SocketResource,
  id: string | undefined,
  text: string,
): Promise<Identified> {
  const ticket = await verifyTicket(ctx.config, text, ctx.now())
  if (ticket === undefined || ticket.resource !== resource || ticket.id !== (id ?? ticket.workspaceId))
    throw new AppError('invalid_credentials')
  const { userId, sessionId, workspaceId, socketEndsAt: expiresAt } = ticket
  const principal = await findPrincipal(ctx, { userId, sessionId, expiresAt }, workspaceId)
  return { principal, ticket: { id: ticket.jti, expiresAt: ticket.expiresAt } }
}
