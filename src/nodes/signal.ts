import { z } from 'zod'
import { YEAR_MS } from '#core/workflow/graph'
import { definePureNode } from '#core/workflow/node-type'

export const signal = definePureNode({
  type: 'signal',
  group: 'flow',
  icon: 'radio',
  title: { pt: 'Esperar sinal', en: 'Wait for a signal' },
  description: {
    pt: 'Espera um evento de fora, por nome e chave; a saída é o corpo dele. Se demora demais, sai por "timeout".',
    en: 'Waits for an event from outside, by name and key; its output is the body. Too late leaves by "timeout".',
  },
  ports: { in: ['in'], out: ['out', 'timeout'] },
  config: z.strictObject({
    name: z.string().min(1).max(200),
    key: z
      .union([z.string().max(500), z.number().transform(String)])
      .nullish()
      .describe('Tells signals of the same name apart, e.g. an order number.'),
    timeout_ms: z.number().min(0).max(YEAR_MS).nullish(),
  }),
  example: {
    config: { name: 'paid', key: '{{ $input.order }}', timeout_ms: 86_400_000 },
    input: { order: 7 },
    output: { amount: 250 },
  },
  decide: ({ config: { name, key, timeout_ms: timeoutMs }, now }) => ({
    kind: 'wait',
    wait: { for: 'signal', name, key: key ?? null, until: timeoutMs == null ? null : now + Math.ceil(timeoutMs) },
  }),
})
