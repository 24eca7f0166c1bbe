import { z } from 'zod'
import { AnyJson } from '#core/json'
import { definePureNode } from '#core/workflow/node-type'

export const respond = definePureNode({
  type: 'respond',
  group: 'flow',
  icon: 'reply',
  title: { pt: 'Responder', en: 'Respond' },
  description: {
    pt: 'Responde a quem chamou o webhook e espera, ou na conversa; a execução segue com a entrada. Só a primeira resposta vale.',
    en: 'Answers whoever called the webhook and waits, or in the chat; the execution goes on with the input. Only the first answer counts.',
  },
  ports: { in: ['in'], out: ['out'] },
  config: z.strictObject({
    status: z.int().min(200).max(599).default(200),
    headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/), z.string()).default({}),
    body: AnyJson.optional().describe('Text as it is, anything else as JSON; by default the input.'),
  }),
  example: { config: { status: 201, body: { ok: true } }, input: { id: 7 }, output: { id: 7 } },
  decide: ({ config: { status, headers, body }, input }) => ({
    kind: 'respond',
    response: { status, headers, body: body === undefined ? input : body },
    output: input,
  }),
})
