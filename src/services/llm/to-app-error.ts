import { AppError } from '#core/errors'
import { BudgetExceeded } from '#core/budgets/errors'
import { AnswerInvalid } from '#core/agent/structured'
import { say } from '#core/messages'
import { NodeFailure } from '#core/workflow/node-error'
import { DatabaseUnavailable } from '#db/errors'
import { ModelError } from '#llm/errors'
import { MODEL_MESSAGES } from '#llm/messages'
import type { Ctx } from '#services/context'
import { explainModelError } from './explain-model-error.ts'

/** What went wrong while a model was asked, as a request's error. */
export function toModelAppError({ locale }: Pick<Ctx, 'locale'>, error: unknown): unknown {
  if (error instanceof DatabaseUnavailable) return error
  if (error instanceof BudgetExceeded) return new AppError(error.code, { params: error.params, cause: error })
  if (error instanceof AnswerInvalid) {
    return new AppError('model_bad_answer', { params: { reason: error.message }, cause: error })
  }
  if (error instanceof ModelError) {
    const reason = say(MODEL_MESSAGES[error.code], locale, error.params)
    const seconds = error.retryAfterMs === undefined ? undefined : error.retryAfterMs / 1_000
    return new AppError(error.code, {
      params: { reason },
      cause: error,
      ...(seconds && { retryAfterSeconds: seconds }),
    })
  }
  const explained = explainModelError(error)
  if (!(explained instanceof NodeFailure)) return error
  const { message, message_en } = explained.error
  return new AppError('model_unavailable', { params: { reason: locale === 'en' ? message_en : message }, cause: error })
}
