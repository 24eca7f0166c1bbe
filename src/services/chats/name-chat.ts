import { and, eq, inArray, isNull, or } from 'drizzle-orm'
import type { FinishPart } from '#llm/models'
import type { Models } from '#core/agent/model'
import type { ChatHeader } from '#core/chat/turn'
import { readTitle, TITLE_INSTRUCTIONS, titleMaterial } from '#core/chat/title'
import type { Db } from '#db/connect'

/** A model that thinks first needs room for it. */
const MAX_TOKENS = 1_000

interface SaidTitle {
  /** Undefined where what the model said is no title. */
  readonly title: string | undefined
  /** What is to be paid for it. */
  readonly paid: FinishPart
}

/**
 * Asks for the title of a conversation.
 *
 * @throws ModelError, or the reason of the aborted signal
 */
export async function askTitle(
  models: Models,
  references: readonly [string, ...string[]],
  { asked, answered }: { readonly asked: string; readonly answered: string },
  signal: AbortSignal,
): Promise<SaidTitle> {
  const text = titleMaterial(asked, answered)
  const call = {
    models: references,
    instructions: TITLE_INSTRUCTIONS,
    maxTokens: MAX_TOKENS,
    messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text }] }],
  }
  let said = ''
  for await (const part of models.stream(call, signal)) {
    if (part.type === 'text') said += part.text
    if (part.type === 'finish') return { title: readTitle(said), paid: part }
  }
  throw new Error('a stream of a model ends with its finish')
}

/**
 * Gives a chat its title, unless a person has given one. The order of lists stays as it is. Idempotent.
 *
 * @param from what the title was made of the first message; null where there was none
 * @returns whether the chat has the title now
 */
export async function nameChat(
  db: Db,
  { chatId, workspaceId }: ChatHeader,
  { from, title }: { readonly from: string | null; readonly title: string },
): Promise<boolean> {
  const { chats } = db.tables
  const known = from === null ? [title] : [title, from]
  const rows = await db
    .update(chats)
    .set({ title })
    .where(
      and(
        eq(chats.id, chatId),
        eq(chats.workspace_id, workspaceId),
        or(isNull(chats.title), inArray(chats.title, known)),
      ),
    )
    .returning({ id: chats.id })
  return rows.length > 0
}
