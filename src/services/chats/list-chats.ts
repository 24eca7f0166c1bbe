import { and, desc, eq, exists, ilike, or, sql } from 'drizzle-orm'
import type { Chat, ChatFilter } from '#core/chat/chat'
import { type Page, type Paging, toPage } from '#core/page'
import { containing } from '#db/containing'
import type { Ctx } from '#services/context'
import { isVisible } from './find-chat.ts'
import { toChat } from './to-chat.ts'

/** The caller's chats and those shared with the workspace; the one that was spoken in last comes first. */
export async function listChats(ctx: Ctx, filter: ChatFilter & Paging): Promise<Page<Chat>> {
  const { chats, chatMessages } = ctx.db.tables
  const { search, agent_id, workflow_id, archived, page, size } = filter
  const saying = (text: string) =>
    ctx.db
      .select({ one: sql`1` })
      .from(chatMessages)
      .where(
        and(
          eq(chatMessages.chat_id, chats.id),
          eq(chatMessages.workspace_id, ctx.principal.workspaceId),
          eq(chatMessages.is_superseded, false),
          ilike(chatMessages.content, containing(text)),
        ),
      )
  const wanted = and(
    isVisible(ctx),
    eq(chats.is_archived, archived),
    agent_id === undefined ? undefined : eq(chats.agent_id, agent_id),
    workflow_id === undefined ? undefined : eq(chats.workflow_id, workflow_id),
    search === undefined ? undefined : or(ilike(chats.title, containing(search)), exists(saying(search))),
  )
  const total = ctx.db.$count(chats, wanted)
  const rows = await ctx.db
    .select({ row: chats, total: sql`${total}`.mapWith(Number) })
    .from(chats)
    .where(wanted)
    .orderBy(desc(chats.updated_at), desc(chats.id))
    .limit(size)
    .offset((page - 1) * size)
  const count = rows[0]?.total ?? (page === 1 ? 0 : await total)
  return toPage(
    rows.map(({ row }) => toChat(row)),
    count,
    filter,
  )
}
