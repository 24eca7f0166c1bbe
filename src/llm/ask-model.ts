import type { LanguageModelV4StreamPart, LanguageModelV4Usage } from '@ai-sdk/provider'
import type { ModelCall, ModelPart } from '#core/agent/model'
import { createAbortRace } from '#lib/abort-race'
import { ModelError } from './errors.ts'
import type { FoundModel } from './find-model.ts'
import { abilitiesOf, type KnownModels, reckonCost } from './known-models.ts'
import { readPart } from './read-parts.ts'
import { findRefusedType, toCallOptions } from './to-call.ts'
import { toModelError } from './to-model-error.ts'

export interface AskOptions {
  readonly known: KnownModels
  /** How long a model may send nothing. */
  readonly stallMs: number
}

/**
 * One request to one model: its answer part by part, the finish last.
 *
 * @throws ModelError, an error of the given fetch that says `code` and `retryable`, or the reason of the aborted signal
 */
export async function* askModel(
  found: FoundModel,
  call: ModelCall,
  signal: AbortSignal,
  { known, stallMs }: AskOptions,
): AsyncGenerator<ModelPart> {
  const { reference, model, asked } = found
  signal.throwIfAborted()
  const watch = startWatch(signal, stallMs)
  let began = false
  try {
    const abilities = abilitiesOf(known, found)
    const refused = findRefusedType(call, abilities)
    if (refused !== undefined) {
      const detail = `this model takes no files of type ${refused}`
      throw new ModelError('model_refused', { params: { provider: asked.provider, model: asked.model, detail } })
    }
    const options = toCallOptions(call, abilities, watch.signal)
    const { stream } = await watch.wait(() => model.doStream(options))
    for await (const part of readAll(stream, watch)) {
      if (part.type === 'error') throw part.error
      const read = readPart(part)
      if (read?.type === 'end') {
        if (!read.isWhole) throw brokenOff(found, began)
        const cost = reckonCost(known, reference, read.usage)
        yield { type: 'finish', reason: read.reason, usage: toUsage(read.usage), cost, model: reference }
        return
      }
      if (read === undefined) continue
      began = true
      yield read
    }
    throw brokenOff(found, began)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (watch.hasStalled()) {
      const detail = `${stallMs / 1000} s`
      throw new ModelError('model_timeout', { params: { provider: asked.provider, model: asked.model, detail } })
    }
    const failure = toModelError(error, asked)
    // What cannot be understood in the middle of an answer is the end of it.
    throw began && failure instanceof ModelError && failure.code === 'model_bad_answer'
      ? brokenOff(found, began)
      : failure
  } finally {
    watch.stop()
  }
}

/** An end before the end: nothing at all is no answer, and half of one is worth asking again. */
function brokenOff({ asked: { provider, model } }: FoundModel, began: boolean): ModelError {
  if (!began) return new ModelError('model_bad_answer', { params: { provider, model, detail: 'no answer in it' } })
  return new ModelError('model_unavailable', { params: { provider, model, detail: 'broke off' } })
}

function toUsage({ inputTokens, outputTokens }: LanguageModelV4Usage) {
  const input_tokens = inputTokens.total ?? 0
  const output_tokens = outputTokens.total ?? 0
  return { input_tokens, output_tokens, total_tokens: input_tokens + output_tokens }
}

interface Watch {
  /** Aborted when the caller's is, when the model has stalled, and when nobody reads any more. */
  readonly signal: AbortSignal
  hasStalled(): boolean
  /** Waits for work, but not longer than a model may be silent. */
  wait<T>(work: () => PromiseLike<T>): Promise<T>
  stop(): void
}

function startWatch(caller: AbortSignal, stallMs: number): Watch {
  const controller = new AbortController()
  const onAbort = (): void => controller.abort(caller.reason)
  caller.addEventListener('abort', onAbort, { once: true })
  const { race } = createAbortRace(controller.signal)
  let stalled = false
  let waitingSince: number | undefined
  // One timer for a whole answer, and not one for each of its pieces.
  let timer = setTimeout(ring, stallMs)

  function ring(): void {
    const left = (waitingSince ?? Date.now()) + stallMs - Date.now()
    if (left > 0) {
      timer = setTimeout(ring, left)
      return
    }
    stalled = true
    controller.abort(new Error('the model sends nothing'))
  }

  return {
    signal: controller.signal,
    hasStalled: () => stalled,
    async wait(work) {
      controller.signal.throwIfAborted()
      waitingSince = Date.now()
      try {
        return await race(work())
      } finally {
        waitingSince = undefined
      }
    },
    stop() {
      clearTimeout(timer)
      caller.removeEventListener('abort', onAbort)
      controller.abort(new Error('nobody reads any more'))
    },
  }
}

async function* readAll(stream: ReadableStream<LanguageModelV4StreamPart>, watch: Watch) {
  const reader = stream.getReader()
  try {
    for (;;) {
      const { done, value } = await watch.wait(() => reader.read())
      if (done) return
      yield value
    }
  } finally {
    // An aborted request ends its stream by itself; cancelled as well, workerd calls the SDK's pending read unhandled.
    if (!watch.signal.aborted) reader.cancel().catch(() => undefined)
  }
}
