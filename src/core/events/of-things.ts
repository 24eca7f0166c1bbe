/** Which events things make. Their ids follow from the things: telling again is no second event. */
import type { ChatMessage } from '#core/chat/message'
import type { RunHeader } from '#core/workflow/execution'
import type { RunState } from '#core/workflow/run'
import type { WorkspaceEvent } from './event.ts'

/** Of an execution that has ended; undefined where somebody ended it, who knows. */
export function executionEvent(
  { executionId, workflowId, workflowName, version, trigger }: RunHeader,
  { status, error, startedAt, finishedAt = 0 }: Pick<RunState, 'status' | 'error' | 'startedAt' | 'finishedAt'>,
): WorkspaceEvent | undefined {
  const type = status === 'completed' ? 'execution.completed' : 'execution.failed'
  if (status !== 'completed' && status !== 'failed' && status !== 'timeout') return undefined
  const data = {
    execution_id: executionId,
    workflow_id: workflowId,
    workflow_name: workflowName,
    version,
    trigger,
    status,
    error_code: error?.code ?? null,
    duration_ms: startedAt === undefined ? null : finishedAt - startedAt,
  }
  return { id: `execution_${executionId}`, type, at: finishedAt, data }
}

const UNFINISHED: ReadonlySet<string> = new Set(['queued', 'streaming', 'waiting'])

/** Of a message that is whole. It says nothing of what was said: a chat may be private. */
export function messageEvent(chatId: string, message: ChatMessage): WorkspaceEvent | undefined {
  if (UNFINISHED.has(message.status)) return undefined
  const { id, role, user_id, agent_id, status } = message
  const data = { chat_id: chatId, message_id: id, role, status, user_id, agent_id }
  return { id: `message_${id}`, type: 'chat.message', at: Date.parse(message.updated_at), data }
}

/** Of a file that somebody has uploaded. */
export function fileEvent(
  file: { readonly id: string; readonly filename: string; readonly size: number },
  at: number,
): WorkspaceEvent {
  const { id, filename, size } = file
  return { id: `file_${id}`, type: 'file.uploaded', at, data: { file_id: id, filename, size } }
}
