/** What clients of OpenAI's chat completions send; what we do not know is left alone, as OpenAI's own clients expect. */
import { z } from 'zod'
import { AnyJsonObject } from '#core/json'

const MAX_TEXT = 1_000_000

const TextPart = z.looseObject({ type: z.literal('text'), text: z.string().max(MAX_TEXT) })
const RefusalPart = z.looseObject({ type: z.literal('refusal'), refusal: z.string().max(MAX_TEXT) })
const ImagePart = z.looseObject({ type: z.literal('image_url'), image_url: z.looseObject({ url: z.string() }) })
const FilePart = z.looseObject({
  type: z.literal('file'),
  file: z.looseObject({
    file_data: z.string().optional(),
    file_id: z.uuid().toLowerCase().optional(),
    filename: z.string().max(1_000).optional(),
  }),
})
const Texts = z.union([z.string().max(MAX_TEXT), z.array(TextPart)])

const ToolCall = z.looseObject({
  id: z.string().min(1).max(500),
  type: z.literal('function').default('function'),
  function: z.looseObject({ name: z.string().min(1).max(200), arguments: z.string().max(MAX_TEXT) }),
})

const Message = z.discriminatedUnion('role', [
  z.looseObject({ role: z.enum(['system', 'developer']), content: Texts }),
  z.looseObject({
    role: z.literal('user'),
    content: z.union([
      z.string().max(MAX_TEXT),
      z.array(z.discriminatedUnion('type', [TextPart, ImagePart, FilePart])).max(100),
    ]),
  }),
  z.looseObject({
    role: z.literal('assistant'),
    content: z
      .union([z.string().max(MAX_TEXT), z.array(z.discriminatedUnion('type', [TextPart, RefusalPart]))])
      .nullish(),
    tool_calls: z.array(ToolCall).max(128).nullish(),
  }),
  z.looseObject({ role: z.literal('tool'), tool_call_id: z.string(), content: Texts }),
])
export type OpenAiMessage = z.infer<typeof Message>
export type OpenAiUserContent = Extract<OpenAiMessage, { role: 'user' }>['content']

const Tool = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({
    name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
    description: z.string().max(10_000).optional(),
    parameters: AnyJsonObject.optional(),
  }),
})

const limit = z.int().min(1).max(10_000_000).nullish()

export const CompletionInput = z
  .looseObject({
    model: z.string().min(1).max(300).describe("An agent's id or slug, or provider/model"),
    messages: z.array(Message).min(1).max(2_000),
    stream: z.boolean().nullish(),
    stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
    n: z.literal(1).nullish().describe('One answer at a time'),
    temperature: z.number().min(0).max(2).nullish(),
    top_p: z.number().min(0).max(1).nullish(),
    max_tokens: limit,
    max_completion_tokens: limit,
    stop: z.union([z.string().max(1_000), z.array(z.string().max(1_000)).max(16)]).nullish(),
    tools: z.array(Tool).max(128).nullish().describe('Of the client: their calls come back as tool_calls'),
    tool_choice: z
      .union([
        z.enum(['none', 'auto', 'required']),
        z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) }),
      ])
      .nullish(),
    response_format: z
      .discriminatedUnion('type', [
        z.looseObject({ type: z.literal('text') }),
        z.looseObject({ type: z.literal('json_object') }),
        z.looseObject({
          type: z.literal('json_schema'),
          json_schema: z.looseObject({ schema: AnyJsonObject.optional() }),
        }),
      ])
      .nullish(),
  })
  .meta({ id: 'ChatCompletionInput' })
export type CompletionInput = z.infer<typeof CompletionInput>
