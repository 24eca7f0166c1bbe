import { and, desc, eq, gte, lt } from 'drizzle-orm'
import type { Feedback, FeedbackFilter } from '#core/chat/feedback'
import { type Page, type Paging, toPage } from '#core/page'
import type { Ctx } from '#services/context'
import { isVisible } from './find-chat.ts'

/** What people think of messages in the chats that the caller sees, the newest first. */
export async function listFeedback(ctx: Ctx, filter: FeedbackFilter & Paging): Promise<Page<Feedback>> {
  const { chats, messageFeedback: feedback } = ctx.db.tables
  const wanted = and(isRated(ctx, filter), isVisible(ctx))
  const isTheirs = eq(chats.id, feedback.chat_id)
  const counted = ctx.db.select({ id: feedback.message_id }).from(feedback).innerJoin(chats, isTheirs).where(wanted)
  const rows = await ctx.db
    .select({
      chat_id: feedback.chat_id,
      message_id: feedback.message_id,
      agent_id: feedback.agent_id,
      user_id: feedback.user_id,
      rating: feedback.rating,
      comment: feedback.comment,
      created_at: feedback.created_at,
    })
    .from(feedback)
    .innerJoin(chats, isTheirs)
    .where(wanted)
    .orderBy(desc(feedback.created_at), desc(feedback.message_id), desc(feedback.user_id))
    .limit(filter.size)
    .offset((filter.page - 1) * filter.size)
  const total = await ctx.db.$count(counted.as('counted'))
  return toPage(
    rows.map((row) => ({ ...row, created_at: row.created_at.toISOString() })),
    total,
    filter,
  )
}

/** A condition on `message_feedback`. */
export function isRated({ db, principal }: Ctx, { from, to, agent_id, rating }: FeedbackFilter) {
  const { messageFeedback: feedback } = db.tables
  return and(
    eq(feedback.workspace_id, principal.workspaceId),
    from === undefined ? undefined : gte(feedback.created_at, new Date(from)),
    to === undefined ? undefined : lt(feedback.created_at, new Date(to)),
    agent_id === undefined ? undefined : eq(feedback.agent_id, agent_id),
    rating === undefined ? undefined : eq(feedback.rating, rating),
  )
}
