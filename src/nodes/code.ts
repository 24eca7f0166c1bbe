import { z } from 'zod'
import { AnyJson } from '#core/json'
import { definePureNode, emit } from '#core/workflow/node-type'

export const code = definePureNode({
  type: 'code',
  group: 'data',
  icon: 'code',
  title: { pt: 'Código', en: 'Code' },
  description: {
    pt: 'O corpo de uma função JavaScript, que roda isolada: vê $input, $trigger, $nodes… e devolve a saída com return.',
    en: 'The body of a JavaScript function, which runs isolated: it sees $input, $trigger, $nodes… and returns the output.',
  },
  ports: { in: ['in'], out: ['out'] },
  config: z.strictObject({
    code: AnyJson.optional().describe('JavaScript; no network, no clock but $now; 16 MiB of memory, a few seconds.'),
  }),
  bodies: ['code'],
  example: {
    config: { code: 'const totals = $input.orders.map((order) => order.total)\nreturn Math.max(...totals)' },
    input: { orders: [{ total: 80 }, { total: 250 }] },
    output: 250,
  },
  decide: ({ config }) => emit(config.code ?? null),
})
