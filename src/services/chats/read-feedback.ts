import { and, eq, inArray } from 'drizzle-orm'
import { type MessageFeedback, NO_FEEDBACK } from '#core/chat/feedback'
import type { Ctx } from '#services/context'

/** Of these messages of a chat that the caller sees: what the caller thinks of each, and how many think how. */
export async function readFeedback(
  { db, principal }: Pick<Ctx, 'db' | 'principal'>,
  chatId: string,
  ids: readonly string[],
): Promise<(id: string) => MessageFeedback> {
  const { messageFeedback: feedback } = db.tables
  if (ids.length === 0) return () => NO_FEEDBACK
  const rows = await db
    .select({ id: feedback.message_id, by: feedback.user_id, rating: feedback.rating, comment: feedback.comment })
    .from(feedback)
    .where(
      and(
        eq(feedback.workspace_id, principal.workspaceId),
        eq(feedback.chat_id, chatId),
        inArray(feedback.message_id, [...ids]),
      ),
    )
  return (id) => {
    const all = rows.filter((row) => row.id === id)
    const own = all.find(({ by }) => by === principal.userId)
    const up = all.filter(({ rating }) => rating === 'up').length
    return { rating: own?.rating ?? null, comment: own?.comment ?? null, up, down: all.length - up }
  }
}
