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

  constructor(code: ModelErrorCode, { params, status, retryAfterMs }: ModelErrorDetails) {
    super(say(MODEL_MESSAGES[code], 'en', params))
    this.code = code
    this.params = params
    this.provider = params.provider
    this.status = status
    this.retryable = RETRYABLE.has(code)
    this.retryAfterMs = retryAfterMs
  }
}
