/** A turn's answer as a message. */
import { foldEvent, NOTHING_YET, type TurnProgress } from '#core/agent/fold'
import type { NodeError } from '#core/workflow/node-error'
import { type ChatMessage, type MessageStatus, textOf, type ToolPart } from './message.ts'
import type { ChatEvent, SayOrder, Turn } from './turn.ts'

/** What one message may hold. */
export const MAX_ANSWER_CHARS = 8_000_000

export interface AnswerState {
  readonly status: MessageStatus
  readonly endReason?: string | undefined
  readonly error?: NodeError | undefined
}

/** @param now Unix milliseconds; it began then, unless `former` knows better */
export function toAnswer(
  chatId: string,
  turn: Turn,
  progress: TurnProgress,
  { status, endReason, error }: AnswerState,
  now: number,
  former?: ChatMessage,
): ChatMessage {
  const at = new Date(now).toISOString()
  const hasCounted = progress.steps > 0
  return {
    id: turn.messageId,
    chat_id: chatId,
    turn_id: turn.id,
    role: 'assistant',
    status,
    content: textOf(progress.parts),
    parts: [...progress.parts],
    user_id: null,
    agent_id: turn.agent?.id ?? null,
    model: progress.model,
    usage: hasCounted ? progress.usage : null,
    cost: hasCounted ? progress.cost : null,
    end_reason: endReason ?? null,
    error: error ?? null,
    metadata: turn.workflow ? { workflow_id: turn.workflow.id, execution_id: turn.workflow.executionId } : null,
    created_at: former?.created_at ?? at,
    updated_at: at,
  }
}

export function toSaid(chatId: string, turnId: string, order: SayOrder, isQueued: boolean, now: number): ChatMessage {
  const at = new Date(now).toISOString()
  const { id, text, files, userId, metadata } = order
  return {
    id,
    chat_id: chatId,
    turn_id: turnId,
    role: 'user',
    status: isQueued ? 'queued' : 'complete',
    content: text,
    parts: [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...files],
    user_id: userId,
    agent_id: null,
    model: null,
    usage: null,
    cost: null,
    end_reason: null,
    error: null,
    metadata,
    created_at: at,
    updated_at: at,
  }
}

/** What a turn had come to when its actor was lost. */
export function replayTurn(turn: Turn, events: Iterable<ChatEvent>): TurnProgress {
  let progress = NOTHING_YET
  for (const event of events) {
    if (event.type === 'delta' && event.message_id === turn.messageId) progress = foldEvent(progress, event.event)
  }
  return progress
}

/** Whether the model was in the middle of an answer: what it would have gone on to say nobody knows. */
export function isMidAnswer({ parts }: TurnProgress): boolean {
  const last = parts.at(-1)
  return last !== undefined && last.type !== 'step'
}

export function waitingCall({ parts }: TurnProgress, callId: string) {
  return parts.find((part): part is ToolPart & { state: 'waiting' } => {
    return part.type === 'tool' && part.call_id === callId && part.state === 'waiting'
  })
}
