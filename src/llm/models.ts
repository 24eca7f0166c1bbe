import type { ModelAnswer, ModelRequest } from '#core/workflow/node-type'
import { generateText } from 'ai'
import { type ModelsConfig, findModel } from './find-model.ts'
import { toModelError } from './to-model-error.ts'

type GenerateRequest = ModelRequest & { readonly signal?: AbortSignal }

export interface Models {
  /**
   * Usage is zero where a provider does not count; `model` comes back as it was asked for.
   *
   * @throws ModelError, an error of the given fetch that says `code` and `retryable`, or the reason of an aborted `signal`
   */
  generate(request: GenerateRequest): Promise<ModelAnswer>
}

export interface ModelsOptions {
  readonly config: ModelsConfig
  /** The outbound gate (`toFetch`): base URLs are settings, but what they answer and redirect to is not ours. */
  readonly fetch: typeof fetch
}

/** The models of this installation. */
export function createModels({ config, fetch: fetcher }: ModelsOptions): Models {
  return { generate: (request) => generate(request, config, fetcher) }
}

async function generate(request: GenerateRequest, config: ModelsConfig, fetcher: typeof fetch): Promise<ModelAnswer> {
  const { model, asked } = findModel(request.model, config, fetcher)
  try {
    const { text, usage, finishReason } = await generateText({
      model,
      ...toPrompt(request),
      instructions: request.system,
      temperature: request.temperature,
      maxOutputTokens: request.maxTokens,
      abortSignal: request.signal,
      // The engine retries, with its own memory of attempts.
      maxRetries: 0,
    })
    const { inputTokens = 0, outputTokens = 0, totalTokens = inputTokens + outputTokens } = usage
    return {
      text,
      usage: { input_tokens: inputTokens, output_tokens: outputTokens, total_tokens: totalTokens },
      finish_reason: finishReason,
      model: request.model,
    }
  } catch (error) {
    if (request.signal?.aborted === true) throw request.signal.reason
    throw toModelError(error, asked)
  }
}

/**
 * A system message among the others is the workflow's author speaking, not an injected one. Text only: a part with a URL
 * would be downloaded by the SDK itself, past the outbound gate (`experimental_download` when such parts come).
 */
function toPrompt({ prompt, messages }: GenerateRequest) {
  if (messages === undefined) return { prompt }
  return { messages: messages.map(({ role, content }) => ({ role, content })), allowSystemInMessages: true }
}
