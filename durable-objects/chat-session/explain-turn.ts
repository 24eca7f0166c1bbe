import { AnswerInvalid } from '#core/agent/structured'
import { TURN_ERRORS } from '#core/chat/turn-errors'
import { AppError, ERRORS } from '#core/errors'
import { type NodeError, nodeError, NodeFailure, toNodeError } from '#core/workflow/node-error'
import { describeError, logLine } from '#lib/log'
import { explainModelError } from '#services/llm/explain-model-error'
import { AnswerTooLarge } from './book.ts'

/** Somebody else has taken the turn away from who performs it. */
export class TurnStopped extends Error {
  override readonly name = 'TurnStopped'
}

/** Why a turn failed, in words for people; a bug of ours is logged, and shown without its inside. */
export function explainTurn(error: unknown): NodeError {
  if (error instanceof AppError) return toNodeError(error.code, ERRORS[error.code].sentence, error.params)
  const explained = explainModelError(error)
  if (explained instanceof NodeFailure) return explained.error
  if (error instanceof AnswerInvalid) {
    const { path, message: reason } = error.problem
    return nodeError('model_answer_invalid', { model: 'agent', path, reason })
  }
  if (error instanceof AnswerTooLarge) {
    return toNodeError('turn_too_large', TURN_ERRORS.turn_too_large, { limit: error.limit })
  }
  logLine('error', { event: 'turn_unexpected', error: describeError(error) })
  return toNodeError('turn_failed', TURN_ERRORS.turn_failed)
}
