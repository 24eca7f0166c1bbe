import { chatSession, type TurnPlace } from '#actors'
import { type UiInput, type UiMessage, uiDecisions, uiFiles, uiText } from '#core/chat/ui-stream'
import { type InlineFile, readDataUrl, readFileUrl } from '#core/chat/attachment'
import { AppError } from '#core/errors'
import { isUuid } from '#lib/ids'
import type { Ctx } from '#services/context'
import { findHeader } from './find-chat.ts'
import { regenerateMessage } from './regenerate-message.ts'
import { sendMessage } from './send-message.ts'

/** Where the answer of a turn is found in its chat's log. */
export interface UiTurn extends TurnPlace {
  /** The client has its beginning already. */
  readonly isContinued: boolean
}

/**
 * What `useChat` sends, done, and where the answer is to be followed. Of the messages only the last counts: the
 * chat knows the others.
 *
 * @throws AppError `not_found`, `chat_message_empty`, `chat_file_unreadable`, `chat_queue_full`; `chat_call_unknown` where nothing was to be decided
 */
export async function streamUi(ctx: Ctx, chatId: string, input: UiInput): Promise<UiTurn> {
  const last = input.messages.at(-1)
  if (input.trigger === 'regenerate-message') return regenerate(ctx, chatId, input)
  if (last?.role === 'assistant') return goOn(ctx, chatId, last)
  const content = last === undefined ? '' : uiText(last)
  const { message, after } = await sendMessage(ctx, chatId, { content, interrupt: false }, filesOf(ctx, last))
  return open(ctx, chatId, message.turn_id, after)
}

/**
 * The answer that is under way, to be followed from its beginning; undefined when there is none.
 *
 * @throws AppError `not_found`
 */
export async function resumeUi(ctx: Ctx, chatId: string): Promise<UiTurn | undefined> {
  const { workspaceId } = await findHeader(ctx, chatId)
  const place = await chatSession(ctx.env, chatId).place(workspaceId)
  return place && { ...place, isContinued: false }
}

async function regenerate(ctx: Ctx, chatId: string, { messageId = '' }: UiInput): Promise<UiTurn> {
  const { workspaceId } = await findHeader(ctx, chatId)
  const actor = chatSession(ctx.env, chatId)
  const latest = (await actor.messages(workspaceId, 0, 1)).items?.at(-1)
  const id = isUuid(messageId) ? messageId.toLowerCase() : latest?.id
  if (id === undefined) throw new AppError('not_found')
  const { message, after } = await regenerateMessage(ctx, chatId, id)
  return open(ctx, chatId, message.turn_id, after)
}

/** Data URLs are stored, the addresses of our files taken for what they are; nothing is fetched. */
function filesOf({ config }: Ctx, message: UiMessage | undefined): { inline: InlineFile[]; fileIds: string[] } {
  const inline: InlineFile[] = []
  const fileIds: string[] = []
  for (const { url, filename } of message === undefined ? [] : uiFiles(message)) {
    const id = readFileUrl(url, config.PUBLIC_URL)
    const data = readDataUrl(url, filename)
    if (id !== undefined) fileIds.push(id)
    else if (data !== undefined) inline.push(data)
    else throw new AppError('chat_file_unreadable')
  }
  return { inline, fileIds }
}

/** A person has decided what the last answer waited for: it goes on where it was. */
async function goOn(ctx: Ctx, chatId: string, message: UiMessage): Promise<UiTurn> {
  const header = await findHeader(ctx, chatId)
  const actor = chatSession(ctx.env, chatId)
  const position = await actor.position(header.workspaceId)
  const decisions = uiDecisions(message).map((decision) => ({ ...decision, by: ctx.principal.userId }))
  const answers: string[] = []
  for (const decision of decisions) answers.push(await actor.decide(header.workspaceId, decision))
  if (position === undefined || !answers.includes('applied')) throw new AppError('chat_call_unknown')
  const { turnId, after } = position
  return open(ctx, chatId, turnId, after, true)
}

async function open(ctx: Ctx, chatId: string, turnId: string, after = 0, isContinued = false): Promise<UiTurn> {
  const { workspaceId } = await findHeader(ctx, chatId)
  const place = await chatSession(ctx.env, chatId).place(workspaceId, turnId)
  if (place === undefined) throw new AppError('not_found')
  return { ...place, after, isContinued }
}
