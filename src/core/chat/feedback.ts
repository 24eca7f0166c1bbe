/** What people think of a chat's messages. */
import { z } from 'zod'
import { ChatMessage } from './message.ts'

export const Rating = z.enum(['up', 'down'])

export const FeedbackInput = z
  .strictObject({ rating: Rating.nullable(), comment: z.string().max(2_000).nullable().default(null) })
  .meta({ id: 'ChatFeedbackInput' })
export type FeedbackInput = z.infer<typeof FeedbackInput>

const counts = { up: z.int(), down: z.int() }

export const MessageFeedback = z.object({
  rating: Rating.nullable().describe("The caller's own"),
  comment: z.string().nullable().describe("The caller's own"),
  ...counts,
})
export type MessageFeedback = z.infer<typeof MessageFeedback>

export const NO_FEEDBACK: MessageFeedback = { rating: null, comment: null, up: 0, down: 0 }

/** A message as it is read, with what those who see it think of it. */
export const RatedMessage = ChatMessage.extend({ feedback: MessageFeedback })
export type RatedMessage = z.infer<typeof RatedMessage>

const range = {
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  agent_id: z.uuid().optional(),
}

export const FeedbackFilter = z.object({ ...range, rating: Rating.optional() })
export type FeedbackFilter = z.infer<typeof FeedbackFilter>

export const Feedback = z.object({
  chat_id: z.uuid(),
  message_id: z.uuid(),
  agent_id: z.uuid().nullable().describe('Whose answer it was; null: the default one'),
  user_id: z.uuid(),
  rating: Rating,
  comment: z.string().nullable(),
  created_at: z.iso.datetime(),
})
export type Feedback = z.infer<typeof Feedback>

export const FeedbackTotalsFilter = z.object({ ...range, group_by: z.enum(['agent', 'day']).default('agent') })
export type FeedbackTotalsFilter = z.infer<typeof FeedbackTotalsFilter>

export const FeedbackTotals = z.object({
  group_by: z.enum(['agent', 'day']),
  total: z.object(counts),
  items: z.array(
    z.object({
      key: z.string().nullable().describe('Id of the agent (null: the default one), or day in UTC'),
      name: z.string().nullable().describe('Of the agent, if it is still there'),
      ...counts,
    }),
  ),
})
export type FeedbackTotals = z.infer<typeof FeedbackTotals>
