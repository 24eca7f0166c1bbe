import { z } from 'zod'
import { defineTool, offerTool } from '#core/agent/tool-type'

export const askAgent = defineTool({
  type: 'ask_agent',
  icon: 'bot',
  title: { pt: 'Perguntar a outro agente', en: 'Ask another agent' },
  description: {
    pt: 'Passa uma tarefa a outro agente do workspace e devolve a resposta dele. No máximo três, um dentro do outro.',
    en: 'Gives a task to another agent of the workspace and returns its answer. Three at most, one inside the other.',
  },
  config: z.strictObject({
    agent_id: z.uuid(),
    purpose: z.string().max(1_000).optional().describe('What the model is told that the other agent is for'),
  }),
  references: { agent_id: 'agent' },
  example: { agent_id: '018f0000-0000-7000-8000-000000000004', purpose: 'Knows the catalogue of products' },
  offer: (ports, { agent_id: agentId, purpose }) => [
    offerTool({
      name: 'ask_agent',
      description: `Asks another assistant, who does not see this conversation, and gives the answer.${purpose === undefined ? '' : ` It is for: ${purpose}`}`,
      input: z.object({ message: z.string().min(1).max(100_000).describe('All that it needs to know') }),
      async run({ message }, call) {
        const { text, object, model } = await ports.askAgent({ agentId, message }, call)
        return { text, model, ...(object === undefined ? {} : { object }) }
      },
    }),
  ],
})
