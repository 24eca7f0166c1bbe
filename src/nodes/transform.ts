import { z } from 'zod'
import { AnyJson } from '#core/json'
import { definePureNode, emit } from '#core/workflow/node-type'

export const transform = definePureNode({
  type: 'transform',
  group: 'data',
  icon: 'wand-sparkles',
  title: { pt: 'Transformar', en: 'Transform' },
  description: {
    pt: 'Faz da entrada outro valor: uma expressão, ou um objeto cujos valores contêm expressões.',
    en: 'Makes another value of its input: one expression, or an object whose values hold expressions.',
  },
  ports: { in: ['in'], out: ['out'] },
  config: z.strictObject({
    expression: AnyJson.optional().describe(
      'An expression, with or without braces, or a mapping: an object or list whose texts hold {{ expressions }}.',
    ),
  }),
  expressions: ['expression'],
  example: {
    config: { expression: { name: '{{ $input.name.toUpperCase() }}', adult: '{{ $input.age >= 18 }}' } },
    input: { name: 'Ana', age: 31 },
    output: { name: 'ANA', adult: true },
  },
  decide: ({ config }) => emit(config.expression ?? null),
})
