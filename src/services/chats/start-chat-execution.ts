import { workflowRun } from '#actors'
import { toChatTrigger } from '#core/chat/chat-trigger'
import type { ChatMessage } from '#core/chat/message'
import type { ChatHeader, Turn } from '#core/chat/turn'
import { AppError } from '#core/errors'
import { withoutPins } from '#core/workflow/partial'
import { startingAt } from '#core/workflow/starting-at'
import { connectWithin } from '#db/connect'
import { wasStarted } from '#services/executions/start-child'
import { noteFailed, noteFired } from '#services/triggers/note-trigger'
import { triggerId } from '#services/triggers/trigger-id'
import { snapshotVariables } from '#services/variables/snapshot-variables'
import { compileOrRefuse } from '#services/workflows/compile-or-refuse'
import { findRefusal } from '#services/workflows/find-refusal'
import { findChatWorkflow, type WorkflowCtx } from './find-chat-workflow.ts'

/**
 * Starts the execution that answers a turn, once, however often this is asked: the turn knows its id. It is durable
 * when this returns (P1), and tells the chat its end.
 *
 * @param messages those that stand, in reading order
 * @throws AppError when the workflow was deleted, unpublished or switched off since, or cannot run; DatabaseUnavailable
 */
export async function startChatExecution(
  env: Env,
  header: ChatHeader,
  turn: Turn & Required<Pick<Turn, 'workflow'>>,
  messages: readonly ChatMessage[],
): Promise<void> {
  const { workspaceId } = header
  const { id: workflowId, executionId } = turn.workflow
  // Its end may be so long ago that its actor is emptied, and would begin anew.
  if (await wasStarted(env, workspaceId, executionId)) return
  const ctx = { db: connectWithin(env, workspaceId), principal: { workspaceId } }
  const found = await findChatWorkflow(ctx, workflowId).catch((error: unknown) => {
    throw error instanceof AppError && error.code === 'not_found' ? new AppError('chat_workflow_gone') : error
  })
  const triggers = found.nodeIds.map((nodeId) => ({ id: triggerId(workflowId, nodeId), workspaceId }))
  const { plan, vars, refusal } = await prepare(ctx, found).catch(async (error: unknown) => {
    if (!(error instanceof AppError)) throw error
    for (const trigger of triggers) await noteFailed(ctx.db, trigger, error.code, Date.now())
    throw error
  })
  await workflowRun(env, executionId).start({
    plan,
    inputs: toChatTrigger(header, turn, messages, found.history),
    refusal,
    header: {
      executionId,
      workspaceId,
      workflowId,
      workflowName: found.name,
      version: found.version,
      trigger: 'chat',
      createdBy: turn.userId,
      createdAt: Date.now(),
      vars,
      chat: { chatId: header.chatId, turnId: turn.id },
    },
  })
  for (const trigger of triggers) await noteFired(ctx.db, trigger, executionId, Date.now())
}

async function prepare(ctx: WorkflowCtx, { definition, nodeIds }: Awaited<ReturnType<typeof findChatWorkflow>>) {
  const plan = startingAt(withoutPins(compileOrRefuse(definition)), ...nodeIds)
  return { plan, vars: await snapshotVariables(ctx, plan), refusal: await findRefusal(ctx, definition) }
}
