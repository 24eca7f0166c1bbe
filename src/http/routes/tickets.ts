import { TicketAnswer, TicketInput } from '#core/auth/ticket'
import { anyOf } from '#core/permissions'
import { createRoutes, route } from '#http/route'
import { issueTicket } from '#services/auth/issue-ticket'

const postTicket = route({
  method: 'post',
  path: '/ws/tickets',
  tag: 'sockets',
  summary: { pt: 'Emitir um bilhete de uso único para um websocket', en: 'Issue a single-use ticket for a websocket' },
  description: {
    pt: 'Para uma conversa com chats:read, senão com executions:read.',
    en: 'For a chat with chats:read, else with executions:read.',
  },
  permission: anyOf('executions:read', 'chats:read'),
  body: TicketInput,
  answers: { 200: TicketAnswer },
  errors: ['not_found'],
})

/** Tickets for websockets. */
export const ticketRoutes = createRoutes().openapi(postTicket, async (c) =>
  c.json(await issueTicket(c.var.ctx, c.req.valid('json')), 200),
)
