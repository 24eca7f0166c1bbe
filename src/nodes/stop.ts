import { z } from 'zod'
import { AnyJson } from '#core/json'
import { definePureNode } from '#core/workflow/node-type'

export const stop = definePureNode({
  type: 'stop',
  group: 'flow',
  icon: 'octagon-x',
  title: { pt: 'Parar', en: 'Stop' },
  description: {
    pt: 'Termina a execução na hora, como concluída ou como falha; o que ainda roda é cancelado.',
    en: 'Ends the execution at once, as completed or as failed; what still runs is cancelled.',
  },
  ports: { in: ['in'], out: [] },
  config: z.strictObject({
    status: z.enum(['completed', 'failed']).default('completed'),
    message: z.string().max(2_000).default('stop').describe('Why it failed.'),
    output: AnyJson.optional().describe('The output of the execution; by default the input.'),
  }),
  example: { config: { status: 'completed', output: { done: true } }, input: null, output: { done: true } },
  decide: ({ config: { status, message, output }, input }) => ({
    kind: 'finish',
    status,
    message,
    output: output === undefined ? input : output,
  }),
})
