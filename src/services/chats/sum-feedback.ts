import { sql } from 'drizzle-orm'
import type { FeedbackTotals, FeedbackTotalsFilter } from '#core/chat/feedback'
import { findNames } from '#services/analytics/find-names'
import type { Ctx } from '#services/context'
import { isRated } from './list-feedback.ts'

const MAX_ITEMS = 1_000

/** How the workspace's answers are rated. Private chats count, by their numbers alone: no text, no person. */
export async function sumFeedback(ctx: Ctx, filter: FeedbackTotalsFilter): Promise<FeedbackTotals> {
  const { group_by } = filter
  const { messageFeedback: feedback } = ctx.db.tables
  const wanted = isRated(ctx, filter)
  const day = sql`to_char(${feedback.created_at} at time zone 'UTC', 'YYYY-MM-DD')`
  const key = group_by === 'day' ? day : sql`${feedback.agent_id}::text`
  const count = (rating: string) => sql`count(*) filter (where ${feedback.rating} = ${rating})`.mapWith(Number)
  const counts = { up: count('up'), down: count('down') }
  const [[total], rows] = await ctx.db.batch([
    ctx.db.select(counts).from(feedback).where(wanted),
    ctx.db
      .select({ key: sql<string | null>`${key}`, ...counts })
      .from(feedback)
      .where(wanted)
      .groupBy(sql`1`)
      .orderBy(group_by === 'day' ? sql`1` : sql`count(*) desc, 1`)
      .limit(MAX_ITEMS),
  ])
  const keys = rows.map((row) => row.key)
  const names = await findNames(ctx, group_by, keys)
  return {
    group_by,
    total: total ?? { up: 0, down: 0 },
    items: rows.map((row) => ({ name: names.get(row.key ?? '') ?? null, ...row })),
  }
}
