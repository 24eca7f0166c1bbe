/** One question to a model, and its answer: nothing is kept but what it took. */
import { z } from 'zod'
import { ModelReference } from '#core/agent/snapshot'
import { FinishReason, Usage } from '#core/agent/model'
import { AnyJson, AnyJsonObject } from '#core/json'

const Message = z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string().max(1_000_000) })

export const LlmChatInput = z
  .strictObject({
    model: ModelReference,
    fallback_models: z.array(ModelReference).max(5).default([]).describe('Asked in order when the one before is away'),
    prompt: z.string().min(1).max(1_000_000).optional(),
    messages: z.array(Message).min(1).max(500).optional(),
    system: z.string().max(1_000_000).optional(),
    temperature: z.number().min(0).max(2).optional(),
    max_tokens: z.int().min(1).max(1_000_000).optional(),
    schema: AnyJsonObject.optional().describe('JSON Schema of the answer, which comes as "object" too'),
    stream: z.boolean().default(false).describe('The answer as server-sent events'),
  })
  .refine(({ prompt, messages }) => (prompt === undefined) !== (messages === undefined), {
    path: ['prompt'],
    message: 'either prompt or messages',
  })
  .refine(({ schema, stream }) => schema === undefined || !stream, {
    path: ['stream'],
    message: 'an answer with a schema is checked as a whole, and does not stream',
  })
export type LlmChatInput = z.infer<typeof LlmChatInput>

export const LlmAnswer = z.object({
  text: z.string(),
  object: AnyJson.optional(),
  usage: Usage,
  cost: z.number().nullable().describe('US dollars; null where no price is known'),
  finish_reason: FinishReason,
  model: z.string().describe('Which of the models answered'),
})
export type LlmAnswer = z.infer<typeof LlmAnswer>

/** What a stream of an answer consists of; `finish` or `error` is the last. */
export const LlmStreamEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('reasoning'), text: z.string() }),
  z.object({ type: z.literal('finish'), ...LlmAnswer.omit({ text: true, object: true }).shape }),
  z.object({ type: z.literal('error'), code: z.string(), message: z.string() }),
])
export type LlmStreamEvent = z.infer<typeof LlmStreamEvent>
