import { eventDispatch, workflowRun } from '#actors'
import type { ChatHeader } from '#core/chat/turn'
import { connect } from '#db/connect'
import { projectChat } from '#services/chats/project-chat'
import { recordUsage } from '#services/usage/record-usage'
import type { ChatStorage } from './storage.ts'

interface Delivered {
  /** False when there is no such chat any more. */
  readonly isThere: boolean
  /** The title that the chat was given by this, where it had none. */
  readonly title?: string | undefined
}

/** Brings PostgreSQL up to date, in parts that fit. */
export async function deliverChat(env: Env, header: ChatHeader, storage: ChatStorage): Promise<Delivered> {
  await deliverSpent(env, header, storage)
  const db = connect(env, { lane: header.workspaceId })
  const { messages, log } = storage
  let title: string | undefined
  let some = messages.unprojected()
  do {
    const [last] = messages.latest(0, 1) ?? []
    const summary = { count: messages.count(), last, opening: messages.opening()?.content, seq: log.lastSeq() }
    const projected = await projectChat(db, header, some, summary)
    if (projected === undefined) return { isThere: false }
    title ??= projected.title
    if (projected.isTold) await eventDispatch(env, header.workspaceId).poke(header.workspaceId)
    messages.markProjected(some)
    some = messages.unprojected()
  } while (some.length > 0)
  return { isThere: true, title }
}

/**
 * Cancels the executions that nobody waits for any more; twice does no harm.
 *
 * @param startsSettled resolves when none is being started: its cancellation would come too early
 */
export async function cancelAbandoned(
  env: Env,
  { workspaceId }: ChatHeader,
  { abandoned }: Pick<ChatStorage, 'abandoned'>,
  startsSettled: () => Promise<unknown>,
): Promise<void> {
  const ids = abandoned.all()
  if (ids.length > 0) await startsSettled()
  for (const id of ids) {
    await workflowRun(env, id).cancel(workspaceId, null)
    abandoned.remove(id)
  }
}

/** Tells the ledger what is owed to it. */
export function deliverSpent(
  env: Env,
  { workspaceId }: ChatHeader,
  { spent }: Pick<ChatStorage, 'spent'>,
): Promise<void> {
  return spent.deliver(async (entries) => {
    const isReached = await recordUsage(connect(env, { lane: workspaceId }), workspaceId, entries)
    if (isReached) await eventDispatch(env, workspaceId).poke(workspaceId)
  })
}
