import { z } from 'zod'
import { definePureNode, emit } from '#core/workflow/node-type'

export const triggerManual = definePureNode({
  type: 'trigger.manual',
  group: 'triggers',
  icon: 'play',
  title: { pt: 'Início manual', en: 'Manual start' },
  description: {
    pt: 'Começa quando uma pessoa executa o workflow; a saída são as entradas da execução.',
    en: 'Begins when a person executes the workflow; its output are the inputs of the execution.',
  },
  ports: { in: [], out: ['out'] },
  config: z.strictObject({}),
  example: { config: {}, input: { order_id: 7 }, output: { order_id: 7 } },
  decide: ({ trigger }) => emit(trigger),
})
