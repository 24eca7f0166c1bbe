import type { ModelCall, ModelPart, Models } from '#core/agent/model'
import type { ModelAnswer, ModelRequest } from '#core/workflow/node-type'
import { type AskOptions, askModel } from './ask-model.ts'
import { ModelError } from './errors.ts'
import { findModel, type ModelSources } from './find-model.ts'
import { knownModels } from './known-models.ts'

type GenerateRequest = ModelRequest & {
  readonly signal?: AbortSignal
  /** Told of each piece of text as it comes. */
  onText?(text: string): void
}

export interface AnyModels extends Models {
  /** The same answer in one piece. Usage is zero where a provider does not count. */
  generate(request: GenerateRequest): Promise<ModelAnswer>
}

export interface ModelsOptions extends ModelSources {
  /** How often one model is asked again, while nothing has come, before the next one is. */
  readonly retries?: number
  /** How long a model may send nothing, in milliseconds. */
  readonly stallMs?: number
  /** Asked before a model is: what it throws is that model's failure. */
  admit?(reference: string): Promise<void>
  /** Told of every answer that has come to its end, before whoever asked is: it was paid for. */
  onFinish?(finish: FinishPart): void
}

export type FinishPart = Extract<ModelPart, { type: 'finish' }>

const DEFAULT_STALL_MS = 120_000
const FIRST_RETRY_MS = 500
/** Who asks for more patience than this is passed over. */
const MAX_RETRY_WAIT_MS = 20_000

/** The models of this installation, asked with a workspace's keys where it has its own. */
export function createModels(options: ModelsOptions): AnyModels {
  const { retries = 0, stallMs = DEFAULT_STALL_MS } = options
  const ask = { known: knownModels(options.config.LLM_MODELS), stallMs, retries }
  return {
    stream: (call, signal) => stream(options, ask, call, signal),
    generate: (request) => generate(options, ask, request),
  }
}

/** Asks each model of the call in turn until one begins to answer. */
async function* stream(
  sources: ModelsOptions,
  options: AskOptions & { readonly retries: number },
  call: ModelCall,
  signal: AbortSignal,
): AsyncGenerator<ModelPart> {
  const failures: Failure[] = []
  for (const reference of call.models) {
    for (let attempt = 0; attempt <= options.retries; attempt += 1) {
      let hasBegun = false
      try {
        await sources.admit?.(reference)
        for await (const part of askModel(await findModel(reference, sources), call, signal, options)) {
          hasBegun = true
          if (part.type === 'finish') sources.onFinish?.(part)
          yield part
        }
        return
      } catch (error) {
        if (hasBegun || signal.aborted || !isFailure(error)) throw error
        if (attempt === options.retries || !error.retryable) failures.push(error)
        const waitMs = error.retryAfterMs ?? FIRST_RETRY_MS * 2 ** attempt
        if (failures.includes(error)) break
        if (waitMs > MAX_RETRY_WAIT_MS) {
          failures.push(error)
          break
        }
        await sleep(waitMs, signal)
      }
    }
  }
  throw sumUp(failures)
}

/** A failure of one model, after which another may be asked. */
type Failure = Error & {
  readonly code: string
  readonly retryable: boolean
  readonly retryAfterMs?: number | undefined
}

function isFailure(error: unknown): error is Failure {
  return error instanceof Error && 'code' in error && 'retryable' in error
}

/** What is said of several failures: the one that is worth another attempt, else the first; and what became of the others. */
function sumUp(failures: readonly Failure[]): Error {
  const said = failures.find(({ retryable }) => retryable) ?? failures[0]
  if (said === undefined) return new Error('a call names a model')
  const others = failures.filter((failure) => failure !== said)
  if (!(said instanceof ModelError) || others.length === 0) return said
  return said.with(others.map((other) => (other instanceof ModelError ? other.inShort() : other.message)))
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  const waited = Promise.withResolvers<void>()
  const timer = setTimeout(() => waited.resolve(), ms)
  const stop = (): void => {
    clearTimeout(timer)
    waited.reject(signal.reason)
  }
  signal.addEventListener('abort', stop, { once: true })
  return waited.promise.finally(() => signal.removeEventListener('abort', stop))
}

async function generate(
  sources: ModelsOptions,
  options: AskOptions & { readonly retries: number },
  { signal = new AbortController().signal, ...request }: GenerateRequest,
): Promise<ModelAnswer> {
  let text = ''
  for await (const part of stream(sources, options, toModelCall(request), signal)) {
    if (part.type === 'text') {
      text += part.text
      request.onText?.(part.text)
    } else if (part.type === 'finish') {
      const { usage, cost, reason, model } = part
      return { text, usage, cost, finish_reason: reason, model }
    }
  }
  throw new Error('a stream of a model ends with its finish')
}

/** A node's question as a call. */
export function toModelCall({ prompt, messages, ...request }: ModelRequest): ModelCall {
  const { model, fallbacks = [], system, temperature, maxTokens, output, files = [] } = request
  const said = messages ?? [{ role: 'user' as const, content: prompt }]
  const first = said.findIndex(({ role }) => role === 'user')
  return {
    models: [model, ...fallbacks],
    instructions: system,
    temperature,
    maxTokens,
    output,
    messages: said.map(({ role, content }, index) => {
      if (role === 'system') return { role, content }
      const text = { type: 'text' as const, text: content }
      if (role === 'assistant' || index !== first) return { role, content: [text] }
      return { role, content: [...files.map((file) => ({ type: 'file' as const, ...file })), text] }
    }),
  }
}
