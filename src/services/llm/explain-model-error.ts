import { BudgetExceeded, BUDGET_ERRORS } from '#core/budgets/errors'
import { NodeFailure, nodeError, toNodeError } from '#core/workflow/node-error'
import { DatabaseUnavailable } from '#db/errors'
import { ModelError } from '#llm/errors'
import { MODEL_MESSAGES } from '#llm/messages'
import { OutboundError } from '#outbound/errors'
import { OUTBOUND_MESSAGES } from '#outbound/messages'

/**
 * What an adapter threw while a model was asked or a request left, as a failure in words for people, in both languages;
 * anything else as it is.
 */
export function explainModelError(error: unknown): unknown {
  if (error instanceof DatabaseUnavailable) {
    return new NodeFailure(nodeError('database_unavailable'), { retryable: true, isOurs: true })
  }
  if (error instanceof BudgetExceeded) {
    return new NodeFailure(toNodeError(error.code, BUDGET_ERRORS[error.code].sentence, error.params))
  }
  if (error instanceof OutboundError) {
    const failure = toNodeError(error.code, OUTBOUND_MESSAGES[error.code], error.params)
    return new NodeFailure(failure, { retryable: error.retryable })
  }
  if (error instanceof ModelError) {
    const { status, retryable, retryAfterMs } = error
    const failure = toNodeError(error.code, MODEL_MESSAGES[error.code], error.params, { status })
    return new NodeFailure(failure, { retryable, retryAfterMs })
  }
  return error
}
