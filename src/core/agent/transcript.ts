import type { MessagePart, ToolPart } from '#core/chat/message'
import type { AssistantContent, ModelMessage, ToolResult } from './model.ts'

/**
 * An assistant's parts as a model reads them again: each of its answers, followed by the outputs of the tools that it
 * called. A call without an outcome is told as one that was never answered, since providers refuse a call without.
 */
export function toModelMessages(parts: readonly MessagePart[]): readonly ModelMessage[] {
  return splitSteps(parts).flatMap((step): ModelMessage[] => {
    const content = step.flatMap(toContent)
    const results = step.flatMap((part) => (part.type === 'tool' ? [toResult(part)] : []))
    if (content.length === 0) return []
    const said: ModelMessage = { role: 'assistant', content }
    const complaints = step.flatMap((part): ModelMessage[] =>
      part.type === 'rejected' ? [{ role: 'user', content: [{ type: 'text', text: part.complaint }] }] : [],
    )
    return [said, ...(results.length === 0 ? [] : [{ role: 'tool' as const, content: results }]), ...complaints]
  })
}

function splitSteps(parts: readonly MessagePart[]): readonly (readonly MessagePart[])[] {
  const steps: MessagePart[][] = [[]]
  for (const part of parts) {
    if (part.type === 'step') steps.push([])
    else steps.at(-1)?.push(part)
  }
  return steps
}

function toContent(part: MessagePart): AssistantContent[] {
  if (part.type === 'text') return part.text === '' ? [] : [{ type: 'text', text: part.text, provider: part.provider }]
  if (part.type === 'reasoning') return [{ type: 'reasoning', text: part.text, provider: part.provider }]
  // Some providers refuse an empty message.
  if (part.type === 'rejected') return [{ type: 'text', text: part.text === '' ? '…' : part.text }]
  if (part.type !== 'tool') return []
  const { call_id: callId, tool, input, provider } = part
  return [{ type: 'tool_call', callId, tool, input, provider }]
}

function toResult(part: ToolPart): ToolResult {
  const { call_id: callId, tool } = part
  const failed = (code: string, message: string): ToolResult => ({
    callId,
    tool,
    output: { error: { code, message } },
    isError: true,
  })
  switch (part.state) {
    case 'completed':
      return { callId, tool, output: part.output, isError: false }
    case 'failed':
      return failed(part.error.code, part.error.message)
    case 'denied':
      return failed('denied', part.comment === null ? 'The person said no.' : `The person said no: ${part.comment}`)
    case 'called':
    case 'waiting':
      return failed('unanswered', 'This call was never answered.')
    default:
      return part satisfies never
  }
}
