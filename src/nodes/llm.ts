import { z } from 'zod'
import { AnyJsonObject } from '#core/json'
import { defineEffectNode, emit } from '#core/workflow/node-type'
import { askForObject, asking, settingsOf, tollOf } from './ask.ts'

const Message = z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })

export const llm = defineEffectNode({
  type: 'llm',
  group: 'ai',
  icon: 'sparkles',
  title: { pt: 'Modelo de linguagem', en: 'Language model' },
  description: {
    pt: 'Pergunta a um modelo ("provedor/modelo") e devolve o texto, ou um valor que segue um JSON Schema. "demo/echo" não precisa de chave.',
    en: 'Asks a model ("provider/model") and gives its text, or a value that follows a JSON Schema. "demo/echo" needs no key.',
  },
  ports: { in: ['in'], out: ['out'] },
  config: z
    .strictObject({
      ...asking,
      prompt: z.string().min(1).optional(),
      messages: z.array(Message).min(1).optional(),
      system: z.string().optional(),
      schema: AnyJsonObject.optional().describe('JSON Schema of the answer, which comes as "object" too.'),
    })
    .refine(({ prompt, messages }) => (prompt === undefined) !== (messages === undefined), {
      path: ['prompt'],
      message: 'either prompt or messages',
    }),
  example: {
    config: { model: 'demo/echo', prompt: 'Resuma: {{ $input.body.title }}' },
    input: { body: { title: 'SynapScale' } },
    output: {
      text: '…',
      usage: { input_tokens: 2, output_tokens: 9, total_tokens: 11 },
      cost: 0,
      finish_reason: 'stop',
      model: 'demo/echo',
    },
  },
  async run(ports, { config: { prompt = '', messages, system, schema, ...settings } }) {
    const asked = { ...settingsOf(settings), system, isShown: schema === undefined }
    const request = messages === undefined ? { ...asked, prompt } : { ...asked, messages }
    if (schema === undefined) {
      const answer = await ports.generate(request)
      return emit({ text: answer.text, ...tollOf(answer) })
    }
    const answer = await askForObject(ports, request, schema)
    return emit({ text: answer.text, object: answer.object, ...tollOf(answer) })
  },
})
