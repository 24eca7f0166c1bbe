import { APICallError, UnsupportedFunctionalityError } from '@ai-sdk/provider'
import { z } from 'zod'
import { ModelError } from './errors.ts'
import type { ModelErrorCode } from './messages.ts'
import { redactText } from '#lib/redact'
import { parseRetryAfterMs } from '#lib/retry-after'

/** Who was asked for what; `hidden` is what must not be seen in a text: keys. */
export interface Asked {
  readonly provider: string
  readonly model: string
  readonly hidden: readonly string[]
}

const MAX_DETAIL_CHARS = 300
const MAX_CAUSES = 8
const TIMEOUT_STATUSES: ReadonlySet<number> = new Set([408, 504])
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([425, 429])

/**
 * What the SDK threw, as an error of ours. What the given fetch threw comes through as it is when it already says
 * `code` and `retryable`, as the outbound gate's errors do, however deep the SDK has wrapped it.
 */
export function toModelError(error: unknown, asked: Asked): Error {
  if (!(error instanceof Error)) return fromStreamError(error, asked)
  const chain = causesOf(error)
  const own = chain.find(isClassified)
  if (own !== undefined) return own
  if (chain.some((cause) => cause.name === 'TimeoutError')) return fail('model_timeout', asked, 'timeout')
  const unsupported = chain.find((cause) => UnsupportedFunctionalityError.isInstance(cause))
  if (unsupported !== undefined) return fail('model_refused', asked, unsupported.message)
  const call = chain.find((cause) => APICallError.isInstance(cause))
  if (call === undefined) return chain.some(isNetworkError) ? unreachable(asked) : badAnswer(asked, chain)
  if (call.statusCode !== undefined && !isSuccess(call.statusCode)) return fromStatus(call, call.statusCode, asked)
  return call.statusCode === undefined || chain.some(isNetworkError) ? unreachable(asked) : badAnswer(asked, chain)
}

/** What a provider says went wrong in the middle of a stream; the SDKs hand it on as a plain object. */
const StreamError = z.object({
  message: z.string(),
  statusCode: z.number().optional(),
  isRetryable: z.boolean().optional(),
})

function fromStreamError(error: unknown, asked: Asked): ModelError {
  const parsed = StreamError.safeParse(error)
  if (!parsed.success) return fail('model_bad_answer', asked, typeof error === 'string' ? error : 'unknown')
  const { message, statusCode, isRetryable = true } = parsed.data
  if (statusCode !== undefined && !isSuccess(statusCode)) {
    return fail(codeOfStatus(statusCode), asked, `HTTP ${statusCode}: ${message}`, { status: statusCode })
  }
  return fail(isRetryable ? 'model_unavailable' : 'model_refused', asked, message)
}

function fromStatus(call: APICallError, status: number, asked: Asked): ModelError {
  const said = call.data === undefined ? (call.responseBody ?? '').trim() : call.message
  const retryAfterMs = parseRetryAfterMs(call.responseHeaders ?? {}, Date.now())
  return fail(codeOfStatus(status), asked, said === '' ? `HTTP ${status}` : `HTTP ${status}: ${said}`, {
    status,
    retryAfterMs,
  })
}

function codeOfStatus(status: number): ModelErrorCode {
  if (TIMEOUT_STATUSES.has(status)) return 'model_timeout'
  if (TRANSIENT_STATUSES.has(status) || status >= 500) return 'model_unavailable'
  return status < 400 ? 'model_bad_answer' : 'model_refused'
}

function unreachable(asked: Asked): ModelError {
  return fail('model_unavailable', asked, 'network')
}

function badAnswer(asked: Asked, chain: readonly Error[]): ModelError {
  return fail('model_bad_answer', asked, chain[0]?.message ?? 'unknown')
}

function fail(
  code: ModelErrorCode,
  { provider, model, hidden }: Asked,
  detail: string,
  more: { status?: number; retryAfterMs?: number | undefined } = {},
): ModelError {
  const shown = redactText(detail, hidden).slice(0, MAX_DETAIL_CHARS)
  return new ModelError(code, { params: { provider, model, detail: shown }, ...more })
}

function causesOf(error: unknown): readonly Error[] {
  const chain: Error[] = []
  for (let next = error; next instanceof Error && chain.length < MAX_CAUSES; next = next.cause) chain.push(next)
  return chain
}

function isClassified(error: Error): boolean {
  return (
    'code' in error && typeof error.code === 'string' && 'retryable' in error && typeof error.retryable === 'boolean'
  )
}

/** Node's fetch throws "fetch failed" or "terminated" as a TypeError, workerd an Error that says `retryable`. */
function isNetworkError(error: Error): boolean {
  return 'retryable' in error || (error instanceof TypeError && ['fetch failed', 'terminated'].includes(error.message))
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}
