/** What the nodes that ask a model have in common. */
import { z } from 'zod'
import { ModelReference } from '#core/agent/snapshot'
import { AnswerInvalid, generateObject, type StructuredAnswer } from '#core/agent/structured'
import { nodeError, NodeFailure } from '#core/workflow/node-error'
import type { ModelAnswer, ModelRequest, NodePorts } from '#core/workflow/node-type'
import type { JsonObject } from '#lib/json'

/** Config of every node that asks a model. */
export const asking = {
  model: ModelReference,
  fallback_models: z.array(ModelReference).max(5).default([]).describe('Asked in order when the one before is away'),
  temperature: z.number().min(0).max(2).optional(),
  max_tokens: z.int().min(1).max(1_000_000).optional(),
}

interface Asking {
  readonly model: string
  readonly fallback_models: readonly string[]
  readonly temperature?: number | undefined
  readonly max_tokens?: number | undefined
}

export function settingsOf({ model, fallback_models, temperature, max_tokens }: Asking) {
  return { model, fallbacks: fallback_models, temperature, maxTokens: max_tokens }
}

/** What the answer took, as it stands in a node's output. */
export function tollOf({
  usage,
  cost,
  finish_reason,
  model,
}: Omit<ModelAnswer, 'text' | 'finish_reason'> & { readonly finish_reason: string }) {
  return { usage: { ...usage }, cost, finish_reason, model }
}

/**
 * An answer that follows the schema, repaired once.
 *
 * @throws NodeFailure `model_answer_invalid`, worth another attempt; and what the ports throw
 */
export async function askForObject(
  ports: Pick<NodePorts, 'generate' | 'validate'>,
  request: ModelRequest,
  schema: JsonObject,
): Promise<StructuredAnswer> {
  try {
    return await generateObject(ports, request, schema)
  } catch (error) {
    if (!(error instanceof AnswerInvalid)) throw error
    const { path, message: reason } = error.problem
    const failure = nodeError('model_answer_invalid', { model: request.model, path, reason })
    throw new NodeFailure(failure, { retryable: true })
  }
}
