import { z } from 'zod'
import { definePureNode, emit } from '#core/workflow/node-type'

export const template = definePureNode({
  type: 'template',
  group: 'data',
  icon: 'text-quote',
  title: { pt: 'Texto modelo', en: 'Text template' },
  description: {
    pt: 'Um texto com expressões; a saída é sempre texto, com objetos como JSON.',
    en: 'A text with expressions; its output is always text, with objects as JSON.',
  },
  ports: { in: ['in'], out: ['out'] },
  config: z.strictObject({ template: z.string() }),
  texts: ['template'],
  example: {
    config: { template: 'Olá, {{ $input.name }}!\nTotal: {{ $input.total }}\n' },
    input: { name: 'Ana', total: 250 },
    output: 'Olá, Ana!\nTotal: 250\n',
  },
  decide: ({ config }) => emit(config.template),
})
