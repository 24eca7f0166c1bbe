/** Our call in the SDK's words. No part of it is a URL: nothing is ever fetched on the way to a model. */
import type {
  LanguageModelV4CallOptions,
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4TextPart,
} from '@ai-sdk/provider'
import { z } from 'zod'
import type { AssistantContent, ModelCall, ModelMessage, ProviderData, UserContent } from '#core/agent/model'
import type { JsonObject } from '#lib/json'
import { toOutputInstruction } from '#core/agent/structured'
import { isTextType, toText } from './text-file.ts'

/** What the model takes by itself, and what has to be said in words. */
export interface Abilities {
  readonly structuredOutput: boolean
}

const ProviderOptions = z.record(z.string(), z.record(z.string(), z.json()))

export function toCallOptions(
  call: ModelCall,
  { structuredOutput }: Abilities,
  signal: AbortSignal,
): LanguageModelV4CallOptions {
  const { instructions, output, tools, toolChoice } = call
  const asked = output !== undefined && !structuredOutput ? toOutputInstruction(output) : undefined
  const system = [instructions, asked].filter((text) => text !== undefined && text !== '').join('\n\n')
  return {
    prompt: [...(system === '' ? [] : [{ role: 'system' as const, content: system }]), ...call.messages.map(toMessage)],
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

function toMessage(message: ModelMessage): LanguageModelV4Message {
  switch (message.role) {
    case 'system':
      return message
    case 'user':
      return { role: 'user', content: message.content.map(toUserPart) }
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

function toUserPart(part: UserContent): LanguageModelV4TextPart | LanguageModelV4FilePart {
  if (part.type === 'text') return { type: 'text', text: part.text }
  const { data, contentType, filename } = part
  if (isTextType(contentType)) return { type: 'text', text: toText(filename, data) }
  return { type: 'file', data: { type: 'data', data }, mediaType: contentType, filename }
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
