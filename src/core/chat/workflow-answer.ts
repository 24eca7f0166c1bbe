/** What an execution says in a chat. */
import type { ExecutionStatus } from '#core/workflow/run'
import { type NodeError, toNodeError } from '#core/workflow/node-error'
import { isJsonObject, type Json } from '#lib/json'
import { TURN_ERRORS } from './turn-errors.ts'
import type { WorkflowAnswer } from './turn.ts'

/** Where nodes put their text: `llm` and `agent` in the first. */
const TEXT_FIELDS = ['text', 'answer', 'output'] as const

/** Text as it is, also out of an object that carries it; nothing for null; anything else as a block of JSON. */
export function toAnswerText(value: Json): string {
  if (value === null) return ''
  if (typeof value === 'string') return value
  if (typeof value !== 'object') return String(value)
  const texts = isJsonObject(value) ? TEXT_FIELDS.map((field) => value[field]) : []
  const text = texts.find((one) => typeof one === 'string')
  // A line of indented JSON never begins with a fence.
  return text ?? `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``
}

/** What an execution that ended without an answer leaves to the chat. */
export function toFailedAnswer(
  execution: string,
  status: ExecutionStatus,
  error: NodeError | undefined,
): WorkflowAnswer {
  if (status === 'cancelled') return { status: 'stopped' }
  const { node_id: node, message = status, message_en = status } = error ?? {}
  const code = node === undefined ? 'turn_workflow_ended' : 'turn_workflow_failed'
  const say = (reason: string) => toNodeError(code, TURN_ERRORS[code], { execution, node: node ?? '', reason })
  const said = { ...say(message), message_en: say(message_en).message_en, body: { execution_id: execution } }
  return { status: 'failed', error: node === undefined ? said : { ...said, node_id: node } }
}
