import { z } from 'zod'

/** From asking for a ticket to opening the socket: a page's moment, not a log file's. */
export const TICKET_TTL_SECONDS = 60

/** What a ticket may open. */
export const TicketResource = z.enum(['execution', 'workspace', 'chat'])
export type TicketResource = z.infer<typeof TicketResource>

// In lower case, as we make ids and as an actor is named by one.
export const TicketInput = z
  .strictObject({ resource: TicketResource, id: z.uuid().toLowerCase() })
  .meta({ id: 'TicketInput' })
export type TicketInput = z.infer<typeof TicketInput>

export const TicketAnswer = z
  .object({ ticket: z.string(), expires_in: z.literal(TICKET_TTL_SECONDS) })
  .meta({ id: 'TicketAnswer' })
export type TicketAnswer = z.infer<typeof TicketAnswer>
