/**
 * Tickets open one websocket each: signed, a minute long, bound to one user, session or API key, workspace and object. They are
 * verified here without state; that one opens a single socket is kept by the actor that it opens, which remembers its
 * `jti` until it has expired.
 */
import { z } from 'zod'
import { TICKET_TTL_SECONDS, TicketResource } from '#core/auth/ticket'
import { newId } from '#lib/ids'
import { signJwt, verifyJwt, type JwtConfig, type JwtKind } from './jwt.ts'

const KIND: JwtKind = { typ: 'ticket+jwt', audience: 'synapscale:socket' }

const Claims = z.object({
  jti: z.uuid(),
  sub: z.uuid(),
  sid: z.uuid(),
  /** Whether `sid` is an API key's id. */
  key: z.boolean().default(false),
  wsp: z.uuid(),
  res: TicketResource,
  oid: z.uuid(),
  exp: z.int(),
  /** When the access token or key that asked for the ticket ends, in Unix seconds. */
  end: z.int(),
})

export interface Ticket {
  /** To be burnt by the actor. */
  readonly jti: string
  readonly userId: string
  /** The session's id, or the API key's. */
  readonly sessionId: string
  readonly isApiKey: boolean
  readonly workspaceId: string
  readonly resource: TicketResource
  /** The id of the object that it opens. */
  readonly id: string
  /** Unix milliseconds from which it opens nothing, so that its `jti` may be forgotten. */
  readonly expiresAt: number
  /** Unix milliseconds at which the socket must end: the end of the access token or key behind it. */
  readonly socketEndsAt: number
}

/** A ticket from `now` (Unix milliseconds) on. It never outlives the access token or key that asked for it. */
export async function signTicket(
  config: JwtConfig,
  ticket: Omit<Ticket, 'jti' | 'expiresAt'>,
  now: number,
): Promise<string> {
  const iat = Math.floor(now / 1000)
  const end = Math.floor(ticket.socketEndsAt / 1000)
  return signJwt(config, KIND, {
    jti: newId(),
    sub: ticket.userId,
    sid: ticket.sessionId,
    key: ticket.isApiKey,
    wsp: ticket.workspaceId,
    res: ticket.resource,
    oid: ticket.id,
    iat,
    exp: Math.min(iat + TICKET_TTL_SECONDS, end),
    end,
  })
}

/** What a ticket opens, if it is one of ours and has not expired. */
export async function verifyTicket(config: JwtConfig, text: string, now = Date.now()): Promise<Ticket | undefined> {
  const claims = Claims.safeParse(await verifyJwt(config, KIND, text, now))
  if (!claims.success) return undefined
  const { jti, sub, sid, key, wsp, res, oid, exp, end } = claims.data
  return {
    jti,
    userId: sub,
    sessionId: sid,
    isApiKey: key,
    workspaceId: wsp,
    resource: res,
    id: oid,
    expiresAt: exp * 1000,
    socketEndsAt: end * 1000,
  }
}
