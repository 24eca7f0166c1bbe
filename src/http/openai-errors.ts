/** Errors as OpenAI's clients read them: they know classes of statuses, and try again what says so. */
import { type AppError, ERRORS, type ErrorCode } from '#core/errors'
import { type Locale, say } from '#core/messages'
import type { JsonObject } from '#lib/json'

/** In OpenAI's own words, where it has some. */
const CODES: Partial<Record<ErrorCode, string>> = {
  completion_model_unknown: 'model_not_found',
  rate_limited: 'rate_limit_exceeded',
  too_many_at_once: 'rate_limit_exceeded',
  agent_budget_reached: 'insufficient_quota',
  budget_exceeded: 'insufficient_quota',
}

interface OpenAiError {
  readonly body: JsonObject & { readonly error: JsonObject }
  readonly headers: Readonly<Record<string, string>>
}

/** Whether a path is one of those that OpenAI's clients call. */
export function isOpenAiPath(path: string): boolean {
  return path === '/v1' || path.startsWith('/v1/')
}

export function toOpenAiError({ code, params, problems }: AppError, locale: Locale): OpenAiError {
  const { status, sentence } = ERRORS[code]
  const [first] = problems ?? []
  const message = say(sentence, locale, params)
  const detail =
    first === undefined ? message : `${message} ${first.pointer}: ${say(first.sentence, locale, first.params)}`
  const param = first === undefined ? null : first.pointer.replace(/^\//, '')
  // They try a 409 again of themselves, and of these nothing else comes.
  const headers: Record<string, string> = status === 409 ? { 'x-should-retry': 'false' } : {}
  return { body: { error: { message: detail, type: typeOf(status), param, code: CODES[code] ?? code } }, headers }
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}
