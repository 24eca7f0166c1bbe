/** Language models as agents and nodes see them: one call is one answer of one model (`src/llm` speaks to providers). */
import { z } from 'zod'
import type { Json, JsonObject } from '#lib/json'

/** Tokens of one call, or of several together. */
export const Usage = z.object({
  input_tokens: z.int().min(0),
  output_tokens: z.int().min(0),
  total_tokens: z.int().min(0),
})
export type Usage = z.infer<typeof Usage>

export const NO_USAGE: Usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 }

/** What the provider wants to have back with a part of its answer (signatures of thoughts and the like); opaque to us. */
export type ProviderData = JsonObject

export interface ModelFile {
  readonly data: Uint8Array
  readonly contentType: string
  readonly filename: string
  /** A model that cannot read it is not asked; else it is told what it does not see. */
  readonly isRequired?: boolean | undefined
}

export type UserContent = { readonly type: 'text'; readonly text: string } | ({ readonly type: 'file' } & ModelFile)

export type AssistantContent =
  | { readonly type: 'text'; readonly text: string; readonly provider?: ProviderData | undefined }
  | { readonly type: 'reasoning'; readonly text: string; readonly provider?: ProviderData | undefined }
  | {
      readonly type: 'tool_call'
      readonly callId: string
      readonly tool: string
      readonly input: Json
      readonly provider?: ProviderData | undefined
    }

export interface ToolResult {
  readonly callId: string
  readonly tool: string
  readonly output: Json
  /** The output says what went wrong. */
  readonly isError: boolean
}

export type ModelMessage =
  | { readonly role: 'system'; readonly content: string }
  | { readonly role: 'user'; readonly content: readonly UserContent[] }
  | { readonly role: 'assistant'; readonly content: readonly AssistantContent[] }
  | { readonly role: 'tool'; readonly content: readonly ToolResult[] }

/** A tool as a model is told of it. */
export interface ToolSpec {
  readonly name: string
  readonly description: string
  /** JSON Schema of an object. */
  readonly inputSchema: JsonObject
}

export interface ModelSettings {
  readonly temperature?: number | undefined
  readonly topP?: number | undefined
  /** Tokens of the answer. */
  readonly maxTokens?: number | undefined
  readonly stop?: readonly string[] | undefined
}

export interface ModelCall extends ModelSettings {
  /** `provider/model`. The second and later ones are asked, in order, when one before is not available. */
  readonly models: readonly [string, ...string[]]
  readonly instructions?: string | undefined
  readonly messages: readonly ModelMessage[]
  readonly tools?: readonly ToolSpec[] | undefined
  readonly toolChoice?: 'auto' | 'none' | 'required' | { readonly tool: string } | undefined
  /** JSON Schema that the text must follow as JSON. */
  readonly output?: JsonObject | undefined
}

export const FINISH_REASONS = ['stop', 'length', 'content_filter', 'tool_calls', 'error', 'other'] as const
export const FinishReason = z.enum(FINISH_REASONS)
export type FinishReason = z.infer<typeof FinishReason>

/** A call comes whole: its input is parsed; what is no JSON comes as the text that it was. */
export type ModelPart =
  | AssistantContent
  /** The last part, exactly once. */
  | {
      readonly type: 'finish'
      readonly reason: FinishReason
      readonly usage: Usage
      /** US dollars; null where no price is known. */
      readonly cost: number | null
      /** Which of the call's models answered. */
      readonly model: string
    }

export interface Models {
  /**
   * Another model is asked only as long as nothing has come: half an answer is never mixed with another's.
   *
   * @throws ModelError (`src/llm/errors.ts`), or the reason of the aborted signal
   */
  stream(call: ModelCall, signal: AbortSignal): AsyncIterable<ModelPart>
}
