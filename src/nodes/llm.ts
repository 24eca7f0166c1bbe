import { z } from 'zod'
import { defineEffectNode, emit } from '#core/workflow/node-type'

const Message = z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })

export const llm = defineEffectNode({
  type: 'llm',
  group: 'ai',
  icon: 'sparkles',
  title: { pt: 'Modelo de linguagem', en: 'Language model' },
  description: {
    pt: 'Pergunta a um modelo ("provedor/modelo") e devolve o texto. "demo/echo" não precisa de chave.',
    en: 'Asks a model ("provider/model") and gives its text. "demo/echo" needs no key.',
  },
  ports: { in: ['in'], out: ['out'] },
  config: z
    .strictObject({
      model: z
        .string()
        .regex(/^[^/\s]+\/\S+$/)
        .describe('provider/model, e.g. openai/gpt-5-mini or demo/echo'),
      prompt: z.string().min(1).optional(),
      messages: z.array(Message).min(1).optional(),
      system: z.string().optional(),
      temperature: z.number().min(0).max(2).optional(),
      max_tokens: z.int().min(1).max(1_000_000).optional(),
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
  async run(ports, { config: { model, prompt = '', messages, system, temperature, max_tokens: maxTokens } }) {
    const settings = { model, system, temperature, maxTokens }
    const answer = await ports.generate(messages === undefined ? { ...settings, prompt } : { ...settings, messages })
    const { text, usage, cost, finish_reason } = answer
    return emit({ text, usage, cost, finish_reason, model: answer.model })
  },
})
