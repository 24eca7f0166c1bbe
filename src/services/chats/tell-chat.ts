import { chatSession } from '#actors'
import { MAX_ANSWER_CHARS } from '#core/chat/answer'
import { TURN_ERRORS } from '#core/chat/turn-errors'
import type { WorkflowAnswer } from '#core/chat/turn'
import { toAnswerText, toFailedAnswer } from '#core/chat/workflow-answer'
import type { RunHeader } from '#core/workflow/execution'
import { toNodeError } from '#core/workflow/node-error'
import type { RunState } from '#core/workflow/run'
import { type Hole, takeOut, type Value, withHoles } from '#core/workflow/value'
import { AnyJson } from '#core/json'
import { readRecord } from '#services/executions/present-record'

/**
 * Tells the chat that waits for an execution what it says: what its first `respond` node said, else how it has ended. A
 * repeat changes nothing.
 *
 * @throws Error while a large value cannot be read
 */
export async function tellChat(env: Env, header: RunHeader, state: RunState): Promise<void> {
  const { chat, workspaceId } = header
  if (chat === undefined) return
  const answer = await toAnswer(env, header, state)
  await chatSession(env, chat.chatId).answered(workspaceId, chat.turnId, answer)
}

async function toAnswer(
  env: Env,
  { executionId, workspaceId }: RunHeader,
  { status, output, error, response }: RunState,
): Promise<WorkflowAnswer> {
  if (response === undefined && status !== 'completed') return toFailedAnswer(executionId, status, error)
  const value: Value = response === undefined ? output : response.body
  const holes: Hole[] = []
  const bare = takeOut(value, ['value'], holes)
  // What cannot be an answer in any case is not read first.
  if (holes.reduce((bytes, { ref }) => bytes + ref.bytes, 0) > 4 * MAX_ANSWER_CHARS) return tooLarge()
  const record = { value: bare, ...withHoles(holes) }
  const read = await readRecord({ env, workspaceId, executionId }, record)
  const text = toAnswerText(AnyJson.parse(read.value))
  return text.length > MAX_ANSWER_CHARS ? tooLarge() : { status: 'complete', text }
}

function tooLarge(): WorkflowAnswer {
  const error = toNodeError('turn_too_large', TURN_ERRORS.turn_too_large, { limit: MAX_ANSWER_CHARS })
  return { status: 'failed', error }
}
