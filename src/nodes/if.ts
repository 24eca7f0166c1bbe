import { z } from 'zod'
import { AnyJson } from '#core/json'
import { definePureNode, emit } from '#core/workflow/node-type'

export const ifNode = definePureNode({
  type: 'if',
  group: 'flow',
  icon: 'split',
  title: { pt: 'Se', en: 'If' },
  description: {
    pt: 'Passa a entrada adiante por "true" ou "false", conforme a condição.',
    en: 'Passes its input on through "true" or "false", as the condition says.',
  },
  ports: { in: ['in'], out: ['true', 'false'] },
  config: z.strictObject({
    condition: AnyJson.optional().describe(
      'An expression, with or without braces; what JavaScript holds to be true is true.',
    ),
  }),
  expressions: ['condition'],
  example: { config: { condition: '{{ $input.total > 100 }}' }, input: { total: 250 }, output: { total: 250 } },
  decide: ({ config, input }) => emit(input, config.condition ? 'true' : 'false'),
})
