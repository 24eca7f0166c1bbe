import { z } from 'zod'
import { AnyJson } from '#core/json'
import { definePureNode, emit } from '#core/workflow/node-type'

export const whileNode = definePureNode({
  type: 'while',
  group: 'flow',
  icon: 'refresh-cw',
  title: { pt: 'Enquanto', en: 'While' },
  description: {
    pt: 'Passa o que chega por "body" enquanto a condição vale, depois por "done"; o corpo volta por "next".',
    en: 'Passes what comes on through "body" while the condition holds, then through "done"; the body returns to "next".',
  },
  ports: { in: ['in', 'next'], out: ['done', 'body'] },
  // What comes in and what comes back are never waited for together.
  join: 'each',
  config: z.strictObject({
    condition: AnyJson.optional().describe('An expression over $input, with or without braces.'),
  }),
  expressions: ['condition'],
  example: { config: { condition: '$input.n < 5' }, input: { n: 5 }, output: { n: 5 } },
  decide: ({ config, input }) => emit(input, config.condition ? 'body' : 'done'),
})
