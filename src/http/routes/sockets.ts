import { Hono } from 'hono'
import { verifyTicket } from '#auth/tickets'
import { AppError } from '#core/errors'
import { can } from '#core/permissions'
import { socketEndsAt, type Principal } from '#core/principal'
import type { AppContext, AppEnv } from '#http/app-env'
import { isAllowedOrigin } from '#http/middleware/cors'
import { isUuid } from '#lib/ids'
import { CLOSE, refuseSocket } from '#lib/refuse-socket'
import { authenticate } from '#services/auth/authenticate'
import { findTicketHolder } from '#services/auth/find-ticket-holder'
import { openExecutionSocket, type SocketCaller } from '#services/executions/open-execution-socket'

/** The subprotocol by which a browser can send a token: `new WebSocket(url, ['bearer', token])`. */
const BEARER = 'bearer'

/** The websockets, below `/api/v1/ws` and, for older clients, `/ws`. They are no operations of the document. */
export const socketRoutes = new Hono<AppEnv>({ strict: false }).get('/execution/:id', async (c) => {
  if (c.req.header('Upgrade')?.toLowerCase() !== 'websocket') throw new AppError('upgrade_required')
  return withProtocol(c, await openOrRefuse(c, c.req.param('id').toLowerCase()))
})

async function openOrRefuse(c: AppContext, id: string): Promise<Response> {
  const origin = c.req.header('Origin')
  if (origin !== undefined && !isAllowedOrigin(origin, c.var.publicCtx.config)) {
    return refuseSocket(CLOSE.policy, 'origin not allowed')
  }
  const caller = await identify(c, id)
  if (caller === undefined) return refuseSocket(CLOSE.credentials, 'bad credentials')
  if (!can(caller.principal, 'executions:read')) return refuseSocket(CLOSE.forbidden, 'not allowed')
  const after = Number(c.req.query('after') ?? 0)
  if (!Number.isSafeInteger(after) || after < 0) return refuseSocket(CLOSE.policy, 'bad after')
  const socket = isUuid(id) ? await openExecutionSocket(c.var.publicCtx, id, after, caller.order) : undefined
  return socket ?? refuseSocket(CLOSE.notFound, 'not found')
}

interface Caller {
  readonly principal: Principal
  readonly order: SocketCaller
}

/** Who opens the socket, by ticket, `?token=` or subprotocol; undefined when none of them holds. */
async function identify(c: AppContext, id: string): Promise<Caller | undefined> {
  const { publicCtx } = c.var
  try {
    const text = c.req.query('ticket')
    if (text === undefined) {
      const token = c.req.query('token') ?? protocolToken(c)
      if (token === undefined) return undefined
      const principal = await authenticate(publicCtx, token, c.req.query('workspace_id'))
      const expiresAt = socketEndsAt(principal, publicCtx.now())
      return { principal, order: { workspaceId: principal.workspaceId, expiresAt } }
    }
    const ticket = await verifyTicket(publicCtx.config, text, publicCtx.now())
    if (ticket === undefined || ticket.resource !== 'execution' || ticket.id !== id) return undefined
    // The session or key may have ended since the ticket was given.
    const principal = await findTicketHolder(publicCtx, ticket)
    const { workspaceId, socketEndsAt: expiresAt } = ticket
    return { principal, order: { workspaceId, expiresAt, ticket: { id: ticket.jti, expiresAt: ticket.expiresAt } } }
  } catch (error) {
    if (error instanceof AppError && (error.code === 'invalid_credentials' || error.code === 'not_found'))
      return undefined
    throw error
  }
}

function offeredProtocols(c: AppContext): string[] {
  return (c.req.header('Sec-WebSocket-Protocol') ?? '').split(',').map((part) => part.trim())
}

function protocolToken(c: AppContext): string | undefined {
  const [name, token] = offeredProtocols(c)
  return name === BEARER ? token : undefined
}

/** A browser that offered protocols gives up a socket that picks none, and never reads the code of a refusal. */
function withProtocol(c: AppContext, { status, webSocket }: Response): Response {
  const headers = offeredProtocols(c)[0] === BEARER ? { 'Sec-WebSocket-Protocol': BEARER } : undefined
  return new Response(null, { status, webSocket, headers })
}
