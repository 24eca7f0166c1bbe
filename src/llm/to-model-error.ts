import { APICallError } from '@ai-sdk/provider'
import { ModelError } from './errors.ts'
import type { ModelErrorCode } from './messages.ts'
import { parseRetryAfterMs } from '#lib/retry-after'

/** Who was asked for what; `apiKey` only to be taken out of texts. */
export interface Asked {
  readonly provider: string
  readonly model: string
  readonly apiKey: string | undefined
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
  const chain = causesOf(error)
  const own = chain.find(isClassified)
  if (own !== undefined) return own
  if (chain.some((cause) => cause.name === 'TimeoutError')) return fail('model_timeout', asked, 'timeout')
  const call = chain.find((cause) => APICallError.isInstance(cause))
  if (call === undefined) return chain.some(isNetworkError) ? unreachable(asked) : badAnswer(asked, chain)
  if (call.statusCode !== undefined && !isSuccess(call.statusCode)) return fromStatus(call, call.statusCode, asked)
  return call.statusCode === undefined || chain.some(isNetworkError) ? unreachable(asked) : badAnswer(asked, chain)
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
  { provider, model, apiKey }: Asked,
  detail: string,
  more: { status?: number; retryAfterMs?: number | undefined } = {},
): ModelError {
  const shown = (apiKey === undefined ? detail : detail.replaceAll(apiKey, '***')).slice(0, MAX_DETAIL_CHARS)
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
