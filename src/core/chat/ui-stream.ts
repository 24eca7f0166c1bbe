/** A turn as the AI SDK's UI message stream tells it, so that `useChat` reads it unchanged. */
import { z } from 'zod'
import type { AgentEvent } from '#core/agent/event'
import type { Json } from '#lib/json'
import type { ChatMessage } from './message.ts'
import type { ChatEvent } from './turn.ts'

/** One line of the stream. https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol */
type UiChunk = { readonly type: string } & Readonly<Record<string, Json>>

/** What `useChat` sends; what it says beside this is left alone. */
export const UiInput = z
  .looseObject({
    trigger: z.enum(['submit-message', 'regenerate-message']).default('submit-message'),
    messageId: z.string().optional(),
    messages: z
      .array(z.looseObject({ id: z.string().default(''), role: z.string(), parts: z.array(z.unknown()) }))
      .min(1)
      .max(10_000),
  })
  .meta({ id: 'UiStreamInput' })
export type UiInput = z.infer<typeof UiInput>
export type UiMessage = UiInput['messages'][number]

const TextPart = z.looseObject({ type: z.literal('text'), text: z.string() })
const Approval = z.looseObject({
  state: z.literal('approval-responded'),
  toolCallId: z.string(),
  approval: z.looseObject({ approved: z.boolean(), reason: z.string().nullish() }),
})
const Output = z.looseObject({ state: z.literal('output-available'), toolCallId: z.string(), output: z.json() })

export function uiText({ parts }: UiMessage): string {
  return parts.flatMap((part) => TextPart.safeParse(part).data?.text ?? []).join('\n')
}

const UiFile = z.looseObject({ type: z.literal('file'), url: z.string(), filename: z.string().max(1_000).optional() })

/** The files of a message, by the URLs that the client gives them. */
export function uiFiles({ parts }: UiMessage) {
  return parts.flatMap((part) => UiFile.safeParse(part).data ?? [])
}

/** What the person has decided of calls, and what was answered to them; those that wait for nothing are among them. */
export function uiDecisions({ parts }: UiMessage) {
  return parts.flatMap((part) => {
    const decided = Approval.safeParse(part).data
    if (decided !== undefined) {
      const { approved, reason = null } = decided.approval
      return [{ callId: decided.toolCallId, approved, comment: reason }]
    }
    const answered = Output.safeParse(part).data
    return answered === undefined
      ? []
      : [{ callId: answered.toolCallId, approved: true, comment: null, answer: answered.output }]
  })
}

/** Turns the events of one turn into chunks, in order. */
export interface UiWriter {
  write(event: ChatEvent): readonly UiChunk[]
}

/**
 * @param isContinued the client has the beginning of the message already
 */
export function createUiWriter(
  turn: { readonly id: string; readonly messageId: string },
  isContinued: boolean,
): UiWriter {
  let hasBegun = false
  let hasStep = false
  let open: 'text' | 'reasoning' | undefined
  let count = 0

  function begin(executionId?: string): UiChunk[] {
    if (hasBegun) return []
    hasBegun = true
    const start = { type: 'start', messageId: turn.messageId }
    return [executionId === undefined ? start : { ...start, messageMetadata: { execution_id: executionId } }]
  }

  function close(): UiChunk[] {
    const chunks = open === undefined ? [] : [{ type: `${open}-end`, id: `${open}-${count}` }]
    open = undefined
    return chunks
  }

  function step(): UiChunk[] {
    if (hasStep) return []
    hasStep = true
    return [{ type: 'start-step' }]
  }

  function delta(event: AgentEvent): UiChunk[] {
    if (event.type === 'text' || event.type === 'reasoning') {
      const chunks = [...step(), ...(open === event.type ? [] : close())]
      if (open === undefined) {
        open = event.type
        count += 1
        chunks.push({ type: `${open}-start`, id: `${open}-${count}` })
      }
      return [...chunks, { type: `${open}-delta`, id: `${open}-${count}`, delta: event.text }]
    }
    if (event.type === 'step_finished') {
      hasStep = false
      return [...close(), { type: 'finish-step' }]
    }
    // What is shown cannot be taken back here; the message itself no longer has it.
    if (event.type === 'answer_rejected') return []
    return [...(event.type === 'tool_called' ? step() : []), ...close(), ...toolChunks(event)]
  }

  return {
    write(event) {
      if (event.type === 'turn_started')
        return event.turn_id === turn.id && !isContinued ? begin(event.execution_id) : []
      if (event.type === 'delta') return event.message_id === turn.messageId ? [...begin(), ...delta(event.event)] : []
      if (event.type !== 'message' || event.message.id !== turn.messageId) return []
      return [...begin(), ...close(), ...endChunks(event.message)]
    },
  }
}

type ToolEvent = Exclude<AgentEvent, { type: 'text' | 'reasoning' | 'step_finished' | 'answer_rejected' }>

function toolChunks(event: ToolEvent): UiChunk[] {
  const { call_id: toolCallId } = event
  switch (event.type) {
    case 'tool_called': {
      const { tool: toolName, input, asks } = event
      const call = { type: 'tool-input-available', toolCallId, toolName, input, dynamic: true }
      return asks === 'approval'
        ? [call, { type: 'tool-approval-request', approvalId: toolCallId, toolCallId }]
        : [call]
    }
    case 'tool_completed':
      return [{ type: 'tool-output-available', toolCallId, output: event.output, dynamic: true }]
    case 'tool_failed':
      return [{ type: 'tool-output-error', toolCallId, errorText: event.error.message, dynamic: true }]
    case 'tool_denied':
      return [{ type: 'tool-output-denied', toolCallId }]
    case 'tool_approved':
      return []
    default:
      return event satisfies never
  }
}

function endChunks({ status, error }: ChatMessage): UiChunk[] {
  if (status === 'stopped') return [{ type: 'abort' }]
  if (error !== null) return [{ type: 'error', errorText: error.message }]
  return [{ type: 'finish' }]
}
