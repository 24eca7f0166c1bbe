import { type Params, say } from '#core/messages'
import { MODEL_MESSAGES, type ModelErrorCode } from './messages.ts'

interface ModelErrorDetails {
  readonly params: Params & { readonly provider: string }
  /** The provider's HTTP status. */
  readonly status?: number
  readonly retryAfterMs?: number
}

const RETRYABLE: ReadonlySet<ModelErrorCode> = new Set(['model_unavailable', 'model_timeout'])

/**
 * The one error of model calls. `message` is for logs; people read `MODEL_MESSAGES[code]` with `params`. It has no
 * `cause`: the SDK's error carries the whole prompt and whatever the provider echoed.
 */
export class ModelError extends Error {
  override readonly name = 'ModelError'
  readonly code: ModelErrorCode
  readonly params: Params
  readonly provider: string
  readonly status: number | undefined
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined
  readonly #details: ModelErrorDetails

  constructor(code: ModelErrorCode, { params, status, retryAfterMs }: ModelErrorDetails) {
    super(say(MODEL_MESSAGES[code], 'en', params))
    this.#details = { params, status, retryAfterMs }
    this.code = code
    this.params = params
    this.provider = params.provider
    this.status = status
    this.retryable = RETRYABLE.has(code)
    this.retryAfterMs = retryAfterMs
  }

  /** The same, saying also what became of the other models that were asked. */
  with(others: readonly string[]): ModelError {
    const { params, ...details } = this.#details
    const detail = [params.detail, ...others].filter((text) => text !== undefined).join('; ')
    return new ModelError(this.code, { ...details, params: { ...params, detail } })
  }

  /** For a list of failures: `groq/llama: HTTP 429`. */
  inShort(): string {
    const { provider, model = '', detail = this.code } = this.#details.params
    return `${provider}/${model}: ${detail}`
  }
}
