/** From whatever was thrown to what the client reads: the only place that knows the wire shape of an error. */
import { HTTPException } from 'hono/http-exception'
import { ConfigError } from '#config'
import { AppError, ERRORS, type ErrorCode } from '#core/errors'
import { type Locale, say } from '#core/messages'
import { DatabaseUnavailable } from '#db/errors'
import { describeError, logLine } from '#lib/log'
import type { AppContext } from './app-env.ts'
import { isOpenAiPath, toOpenAiError } from './openai-errors.ts'
import { type Problem, PROBLEM_TYPE, TITLES } from './problem.ts'

const RETRY_SECONDS = 5
/** Something that we rest on is away, and comes back by itself. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['database_unavailable', 'storage_unavailable'])

/** hono's own refusals; the middleware that reads bodies leaves it few. */
const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'malformed_json',
  401: 'not_authenticated',
  403: 'forbidden',
  404: 'not_found',
  413: 'body_too_large',
  415: 'unsupported_media_type',
}

/** The handler behind `app.onError`. What the client may not know goes to the log, under the same request id. */
export function answerError(error: unknown, c: AppContext): Response {
  const known = toAppError(error)
  c.set('errorCode', known.code)
  const problem = toProblem(known, c.get('locale'), c.get('requestId'))
  logFailure(error, problem)
  if (isOpenAiPath(c.req.path)) {
    const { body, headers: more } = toOpenAiError(known, c.get('locale'))
    const headers = { 'Content-Type': 'application/json', ...headersOf(known), ...more }
    return c.body(JSON.stringify(body), ERRORS[known.code].status, headers)
  }
  const headers = { 'Content-Type': PROBLEM_TYPE, 'Content-Language': c.get('locale'), ...headersOf(known) }
  return c.body(JSON.stringify(problem), ERRORS[known.code].status, headers)
}

/** A 503 is expected and may come in floods: one short line. Any other 5xx is a mistake of ours, with all its causes. */
function logFailure(error: unknown, { status, request_id, code }: Problem): void {
  if (status === 503) logLine('warn', { request_id, code, error: String(error) })
  else if (status >= 500) logLine('error', { request_id, code, error: describeError(error) })
}

/** The error of our family that stands for anything thrown; what nobody expected is `internal`. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (error instanceof DatabaseUnavailable) return new AppError('database_unavailable', { cause: error })
  if (error instanceof ConfigError) return new AppError('misconfigured', { cause: error })
  if (error instanceof HTTPException) return new AppError(BY_STATUS[error.status] ?? 'internal', { cause: error })
  return new AppError('internal', { cause: error })
}

/** The body of an error's answer. */
export function toProblem(error: AppError, locale: Locale, requestId: string): Problem {
  const { status, sentence } = ERRORS[error.code]
  const detail = say(sentence, locale, error.params)
  const errors = error.problems?.map(({ pointer, in: place, sentence: what, params }) => ({
    pointer,
    ...(place === undefined ? {} : { in: place }),
    detail: say(what, locale, params),
  }))
  return {
    type: 'about:blank',
    title: TITLES[status][locale],
    status,
    detail,
    message: detail,
    code: error.code,
    request_id: requestId,
    ...(errors === undefined ? {} : { errors }),
  }
}

function headersOf(error: AppError): Record<string, string> {
  const headers: Record<string, string> = {}
  const retryAfter = error.retryAfterSeconds ?? (PASSING.has(error.code) ? RETRY_SECONDS : undefined)
  if (retryAfter !== undefined) headers['Retry-After'] = String(Math.ceil(retryAfter))
  const { status } = ERRORS[error.code]
  // Both are required by RFC 9110 (15.5.2, 15.5.22).
  if (status === 401) headers['WWW-Authenticate'] = 'Bearer'
  if (status === 426) headers['Upgrade'] = 'websocket'
  return headers
}
