import { z } from 'zod'
import { defineTool, toInputSchema } from '#core/agent/tool-type'

const Input = z.object({
  question: z.string().min(1).max(4_000),
  options: z.array(z.string().max(200)).max(20).optional().describe('Answers to choose from; others are possible'),
})

export const askPerson = defineTool({
  type: 'ask_person',
  icon: 'message-circle-question',
  title: { pt: 'Perguntar à pessoa', en: 'Ask the person' },
  description: {
    pt: 'O modelo pergunta à pessoa da conversa e espera a resposta, por dias se for preciso.',
    en: 'The model asks the person of the chat and waits for the answer, for days if need be.',
  },
  config: z.strictObject({}),
  example: {},
  // Without `run`: whoever holds the turn asks, and brings the answer.
  offer: () => [
    {
      name: 'ask_person',
      description: 'Asks the person a question that only they can answer, and waits for the answer.',
      inputSchema: toInputSchema(Input),
    },
  ],
})
