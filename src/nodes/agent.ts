import { z } from 'zod'
import { AnyJsonObject } from '#core/json'
import { defineEffectNode, emit } from '#core/workflow/node-type'
import { tollOf } from './ask.ts'

const Message = z.strictObject({ role: z.enum(['user', 'assistant']), content: z.string().min(1) })

export const agentNode = defineEffectNode({
  type: 'agent',
  group: 'ai',
  icon: 'bot',
  title: { pt: 'Agente', en: 'Agent' },
  description: {
    pt: 'Um turno inteiro de um agente do workspace, com as ferramentas dele, como ele está quando o nó começa.',
    en: 'A whole turn of an agent of the workspace, with its tools, as it is when the node begins.',
  },
  ports: { in: ['in'], out: ['out'] },
  references: { agent_id: 'agent' },
  config: z
    .strictObject({
      agent_id: z.uuid(),
      prompt: z.string().min(1).optional(),
      messages: z.array(Message).min(1).max(500).optional().describe('A conversation; the last one is the user’s'),
      inputs: AnyJsonObject.default({}).describe('What the instructions of the agent see as $input'),
    })
    .refine(({ prompt, messages }) => (prompt === undefined) !== (messages === undefined), {
      path: ['prompt'],
      message: 'either prompt or messages',
    })
    .refine(({ messages }) => messages === undefined || messages.at(-1)?.role === 'user', {
      path: ['messages'],
      message: "the last message is the user's",
    }),
  example: {
    config: { agent_id: '018f0000-0000-7000-8000-000000000004', prompt: 'Responda: {{ $input.question }}' },
    input: { question: 'Quando abre?' },
    output: {
      text: '…',
      usage: { input_tokens: 2, output_tokens: 9, total_tokens: 11 },
      cost: null,
      finish_reason: 'stop',
      model: 'demo/echo',
    },
  },
  async run(ports, { config: { agent_id: agentId, prompt = '', messages, inputs } }) {
    const said = messages ?? [{ role: 'user' as const, content: prompt }]
    const answer = await ports.askAgent({ agentId, messages: said, inputs })
    const { text, object } = answer
    return emit({ text, ...(object !== undefined && { object }), ...tollOf(answer) })
  },
})
