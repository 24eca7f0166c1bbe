/** Our call in the SDK's words. No part of it is a URL: nothing is ever fetched on the way to a model. */
import type {
  LanguageModelV4CallOptions,
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4TextPart,
} from '@ai-sdk/provider'
import { z } from 'zod'
import type { AssistantContent, ModelCall, ModelMessage, ProviderData, UserContent } from '#core/agent/model'
import { noteOn } from '#core/agent/file-note'
import type { JsonObject } from '#lib/json'
import { toOutputInstruction } from '#core/agent/structured'
import { isTextType } from '#core/files/kinds'
import { toText } from './text-file.ts'

/** What the model takes by itself, and what has to be said in words. */
export interface Abilities {
  readonly structuredOutput: boolean
  readonly images: boolean
  readonly pdf: boolean
}

const ProviderOptions = z.record(z.string(), z.record(z.string(), z.json()))

export function toCallOptions(call: ModelCall, abilities: Abilities, signal: AbortSignal): LanguageModelV4CallOptions {
  const { structuredOutput } = abilities
  const { instructions, output, tools, toolChoice } = call
  const asked = output !== undefined && !structuredOutput ? toOutputInstruction(output) : undefined
  const system = [instructions, asked].filter((text) => text !== undefined && text !== '').join('\n\n')
  return {
    prompt: [
      ...(system === '' ? [] : [{ role: 'system' as const, content: system }]),
      ...call.messages.map((message) => toMessage(message, abilities)),
    ],
    maxOutputTokens: call.maxTokens,
    temperature: call.temperature,
    topP: call.topP,
    stopSequences: call.stop === undefined ? undefined : [...call.stop],
    abortSignal: signal,
    ...(output !== undefined &&
      structuredOutput && {
        responseFormat: { type: 'json', name: 'answer', schema: output },
        // A schema of a user's is seldom of the strict kind; what comes is validated here anyway.
        providerOptions: { openai: { strictJsonSchema: false }, openaiCompatible: { strictJsonSchema: false } },
      }),
    ...(tools !== undefined &&
      tools.length > 0 && {
        tools: tools.map(({ name, description, inputSchema }) => ({
          type: 'function' as const,
          name,
          description,
          inputSchema,
        })),
        toolChoice: toToolChoice(toolChoice),
      }),
  }
}

function toToolChoice(choice: ModelCall['toolChoice']): LanguageModelV4CallOptions['toolChoice'] {
  if (choice === undefined) return { type: 'auto' }
  return typeof choice === 'string' ? { type: choice } : { type: 'tool', toolName: choice.tool }
}

function toMessage(message: ModelMessage, abilities: Abilities): LanguageModelV4Message {
  switch (message.role) {
    case 'system':
      return message
    case 'user':
      return { role: 'user', content: message.content.map((part) => toUserPart(part, abilities)) }
    case 'assistant':
      return { role: 'assistant', content: message.content.map(toAssistantPart) }
    case 'tool':
      return {
        role: 'tool',
        content: message.content.map(({ callId, tool, output, isError }) => ({
          type: 'tool-result',
          toolCallId: callId,
          toolName: tool,
          output: { type: isError ? 'error-json' : 'json', value: output },
        })),
      }
    default:
      return message satisfies never
  }
}

function toUserPart(part: UserContent, abilities: Abilities): LanguageModelV4TextPart | LanguageModelV4FilePart {
  if (part.type === 'text') return { type: 'text', text: part.text }
  const { data, contentType, filename } = part
  if (isTextType(contentType)) return { type: 'text', text: toText(filename, data) }
  // Another of the call's models may take it: only this one is told what it does not see.
  if (!takes(abilities, contentType)) {
    return { type: 'text', text: noteOn(part, data.byteLength, 'this model cannot read files of this type') }
  }
  return { type: 'file', data: { type: 'data', data }, mediaType: contentType, filename }
}

/** What the formats of all providers take. */
const IMAGES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])

/** The type of a file without which the call makes no sense, and which the model does not take. */
export function findRefusedType({ messages }: ModelCall, abilities: Abilities): string | undefined {
  const parts = messages.flatMap((message) => (message.role === 'user' ? message.content : []))
  const refused = parts.find(
    (part) => part.type === 'file' && part.isRequired === true && !takes(abilities, part.contentType),
  )
  return refused?.type === 'file' ? refused.contentType : undefined
}

function takes({ images, pdf }: Abilities, contentType: string): boolean {
  if (isTextType(contentType)) return true
  if (contentType === 'application/pdf') return pdf
  return images && IMAGES.has(contentType)
}

type AssistantPart = Extract<LanguageModelV4Message, { role: 'assistant' }>['content'][number]

function toAssistantPart(part: AssistantContent): AssistantPart {
  const back = toProviderOptions(part.provider)
  switch (part.type) {
    case 'text':
    case 'reasoning':
      return { type: part.type, text: part.text, ...back }
    case 'tool_call':
      return { type: 'tool-call', toolCallId: part.callId, toolName: part.tool, input: part.input, ...back }
    default:
      return part satisfies never
  }
}

/** What came with the part goes back with it; each provider reads its own name and no other's. */
function toProviderOptions(provider: ProviderData | undefined): { providerOptions?: Record<string, JsonObject> } {
  const parsed = ProviderOptions.safeParse(provider)
  return parsed.success ? { providerOptions: parsed.data } : {}
}
