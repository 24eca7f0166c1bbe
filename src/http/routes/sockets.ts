import { Hono } from 'hono'
import type { TicketResource } from '#core/auth/ticket'
import { AppError, type ErrorCode } from '#core/errors'
import type { AppContext, AppEnv } from '#http/app-env'
import { isAllowedOrigin } from '#http/middleware/cors'
import { isUuid } from '#lib/ids'
import { CLOSE, refuseSocket } from '#lib/refuse-socket'
import { identifySocket } from '#services/auth/identify-socket'
import { openChatSocket } from '#services/chats/open-chat-socket'
import { openExecutionSocket } from '#services/executions/open-execution-socket'
import { openWorkspaceSocket } from '#services/hub/open-workspace-socket'

/** The subprotocol by which a browser can send a token: `new WebSocket(url, ['bearer', token])`. */
const BEARER = 'bearer'

/** The websockets, below `/api/v1/ws` and, for older clients, `/ws`. They are no operations of the document. */
export const socketRoutes = new Hono<AppEnv>({ strict: false })
  .get('/execution/:id', (c) => answer(c, 'execution', c.req.param('id').toLowerCase()))
  .get('/chat/:id', (c) => answer(c, 'chat', c.req.param('id').toLowerCase()))
  .get('/workspace', (c) => answer(c, 'workspace'))

/** What an error says on a socket; any other is a 5xx of the handshake. */
const REFUSALS: Partial<Record<ErrorCode, readonly [(typeof CLOSE)[keyof typeof CLOSE], string]>> = {
  invalid_credentials: [CLOSE.credentials, 'bad credentials'],
  forbidden: [CLOSE.forbidden, 'not allowed'],
  insufficient_scope: [CLOSE.forbidden, 'not allowed'],
  not_found: [CLOSE.notFound, 'not found'],
}

async function answer(c: AppContext, resource: TicketResource, id?: string): Promise<Response> {
  if (c.req.header('Upgrade')?.toLowerCase() !== 'websocket') throw new AppError('upgrade_required')
  const refuse = (error: unknown): Response => {
    const refusal = error instanceof AppError ? REFUSALS[error.code] : undefined
    if (refusal === undefined) throw error
    return refuseSocket(...refusal)
  }
  return withProtocol(c, await open(c, resource, id).catch(refuse))
}

async function open(c: AppContext, resource: TicketResource, id: string | undefined): Promise<Response> {
  const { publicCtx } = c.var
  const origin = c.req.header('Origin')
  if (origin !== undefined && !isAllowedOrigin(origin, publicCtx.config)) {
    return refuseSocket(CLOSE.policy, 'origin not allowed')
  }
  const caller = await identifySocket(publicCtx, resource, id, {
    ticket: c.req.query('ticket'),
    token: c.req.query('token') ?? protocolToken(c),
    workspaceId: c.req.query('workspace_id'),
  })
  const after = parseAfter(c.req.query('after'))
  if (Number.isNaN(after)) return refuseSocket(CLOSE.policy, 'bad after')
  if (id === undefined) return openWorkspaceSocket(publicCtx, after, caller)
  const openSocket = resource === 'chat' ? openChatSocket : openExecutionSocket
  const socket = isUuid(id) ? await openSocket(publicCtx, id, after, caller) : undefined
  return socket ?? refuseSocket(CLOSE.notFound, 'not found')
}

/** NaN for what is no cursor. */
function parseAfter(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const after = Number(text)
  return Number.isSafeInteger(after) && after >= 0 ? after : Number.NaN
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
