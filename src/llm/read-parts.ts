import type { LanguageModelV4FinishReason, LanguageModelV4StreamPart, LanguageModelV4Usage } from '@ai-sdk/provider'
import { z } from 'zod'
import type { FinishReason, ModelPart, ProviderData } from '#core/agent/model'
import type { Json } from '#lib/json'

const Data = z.record(z.string(), z.json())

/** The end of a stream as the provider counted it. */
export interface StreamEnd {
  readonly type: 'end'
  readonly reason: FinishReason
  /** False when it broke off before the provider had said that it is done. */
  readonly isWhole: boolean
  readonly usage: LanguageModelV4Usage
}

/** One part of the SDK's stream in our words; undefined for what nobody needs. */
export function readPart(
  part: LanguageModelV4StreamPart,
): Exclude<ModelPart, { type: 'finish' }> | StreamEnd | undefined {
  switch (part.type) {
    case 'text-delta':
    case 'reasoning-delta':
      return piece(part.type === 'text-delta' ? 'text' : 'reasoning', part.delta, part.providerMetadata)
    // A signature may come with no text of its own.
    case 'text-end':
      return piece('text', '', part.providerMetadata)
    case 'reasoning-end':
      return piece('reasoning', '', part.providerMetadata)
    // Of Anthropic's hidden thoughts the beginning is all there is; others say the same again with the first piece.
    case 'reasoning-start':
      return part.providerMetadata?.['anthropic'] && piece('reasoning', '', part.providerMetadata)
    case 'tool-call': {
      const provider = toData(part.providerMetadata)
      const { toolCallId: callId, toolName: tool } = part
      return { type: 'tool_call', callId, tool, input: readInput(part.input), ...(provider && { provider }) }
    }
    case 'finish': {
      const { finishReason, usage } = part
      return { type: 'end', reason: toReason(finishReason), isWhole: isWhole(finishReason), usage }
    }
    default:
      return undefined
  }
}

function piece(type: 'text' | 'reasoning', text: string, metadata: unknown) {
  const provider = toData(metadata)
  return text === '' && provider === undefined ? undefined : { type, text, ...(provider && { provider }) }
}

function toData(metadata: unknown): ProviderData | undefined {
  const parsed = Data.safeParse(metadata)
  return parsed.success && Object.keys(parsed.data).length > 0 ? parsed.data : undefined
}

/** A tool without fields is called with nothing by some; what is no JSON stays the text that it was. */
function readInput(text: string): Json {
  if (text.trim() === '') return {}
  try {
    return z.json().parse(JSON.parse(text))
  } catch {
    return text
  }
}

/** The SDKs say `other` without the provider's word for it when no end came. */
function isWhole({ unified, raw }: LanguageModelV4FinishReason): boolean {
  return unified !== 'interrupted' && (raw !== undefined || unified !== 'other')
}

function toReason({ unified }: LanguageModelV4FinishReason): FinishReason {
  switch (unified) {
    case 'content-filter':
      return 'content_filter'
    case 'tool-calls':
      return 'tool_calls'
    case 'interrupted':
      return 'error'
    default:
      return unified
  }
}
